using System.Runtime.InteropServices;
using Contracts;
using DeepGnn.Datasets;
using DeepGnn.Training;

namespace Trainer;

/// <summary>The spec or the command line asks for something impossible.</summary>
internal sealed class UserException(string message) : Exception(message);

internal static class Failure
{
    public static FailedEvent Of(Exception exception) => exception switch
    {
        UserException e => new() { Class = FailureClass.User, Message = e.Message },
        DataSpecException e => new() { Class = FailureClass.User, Message = e.Message },
        DataException e => new() { Class = FailureClass.Data, Message = e.Message },
        DivergedException e => new() { Class = FailureClass.Diverged, Message = e.Message },
        OutOfMemoryException e => new() { Class = FailureClass.OutOfMemory, Message = e.Message },
        ExternalException e when IsAllocationFailure(e) => new() { Class = FailureClass.OutOfMemory, Message = FirstLine(e) },
        PlatformNotSupportedException e => new() { Class = FailureClass.Infrastructure, Message = e.Message },
        var e => new() { Class = FailureClass.Infrastructure, Message = $"{e.GetType().Name}: {FirstLine(e)}" },
    };

    // libtorch reports all its errors as ExternalException; only the text tells a failed allocation on the CPU or on CUDA.
    private static bool IsAllocationFailure(ExternalException e) =>
        e.Message.Contains("not enough memory", StringComparison.OrdinalIgnoreCase)
        || e.Message.Contains("can't allocate memory", StringComparison.OrdinalIgnoreCase)
        || e.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase)
        || e.Message.Contains("bad_alloc", StringComparison.OrdinalIgnoreCase);

    private static string FirstLine(Exception e) => e.Message.Split('\n')[0].Trim();
}
