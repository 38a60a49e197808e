namespace Worker;

/// <summary>The store may be away and comes back: the same work again, with growing pauses, until it is done or given up.</summary>
internal static class Insistence
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    /// <summary>Logs <paramref name="what"/> failed each time; ends with <see cref="OperationCanceledException"/> when given up.</summary>
    public static async Task<T> UntilDone<T>(Func<Task<T>> work, string what, TimeProvider time, ILogger log, CancellationToken giveUp)
    {
        for (var pause = ShortestPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            giveUp.ThrowIfCancellationRequested();
            try { return await work().WaitAsync(giveUp); } // the driver may take half a minute to notice that it was given up
            catch (Exception failure) when (!giveUp.IsCancellationRequested)
            {
                log.LogWarning("{What} failed, trying again: {Reason}", what, failure.GetBaseException().Message);
            }

            await Task.Delay(pause, time, giveUp);
        }
    }
}
