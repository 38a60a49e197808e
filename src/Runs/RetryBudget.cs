using Contracts;

namespace Runs;

/// <summary>
/// How often a run may end through no fault of its own before it fails, by the class of the failure. Each class counts for itself: a
/// machine that dies often must not use up what a full disk may need.
/// </summary>
public static class RetryBudget
{
    /// <summary>Attempts of a run that may end this way; the last of them fails the run. One means: no retry.</summary>
    public static int Of(FailureClass failure) => failure switch
    {
        FailureClass.Lost => 6,
        FailureClass.Infrastructure => 3,

        // The same spec on the same data fails the same way: it asks for the same memory, and its loss becomes NaN at the same epoch.
        _ => 1,
    };

    /// <summary>Counts this end, and says how many attempts are left.</summary>
    internal static int Spend(Run run, FailureClass failure) => Of(failure) - failure switch
    {
        FailureClass.Lost => ++run.LostAttempts,
        FailureClass.Infrastructure => ++run.InfrastructureFailures,
        _ => 1,
    };
}
