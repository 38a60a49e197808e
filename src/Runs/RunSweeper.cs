using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Runs;

/// <summary>
/// Runs in every process that has workers: takes runs back from workers that were lost, and rings for queued runs whose ticket was. Any
/// number of sweepers may sweep at once.
/// </summary>
public sealed class RunSweeper(RunQueue queue, TrainBell bell, ILogger<RunSweeper> log) : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    public async Task Sweep(CancellationToken cancellation)
    {
        var lost = await queue.RequeueLost(cancellation);
        if (lost > 0) { log.LogWarning("{Lost} runs were taken back from workers that gave no sign of life", lost); }
        await bell.RingForQueued(cancellation);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval);
        do
        {
            try { await Sweep(stoppingToken); }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested) { return; }
            catch (Exception failure)
            {
                // A store that is away comes back; whoever stops sweeping for it would lose runs afterwards.
                log.LogWarning("Sweep failed, trying again: {Reason}", failure.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
