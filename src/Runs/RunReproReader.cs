using System.Text.Json;
using Contracts;
using Microsoft.EntityFrameworkCore;

namespace Runs;

/// <summary>What a run needs to be trained again, and what came out of it.</summary>
public static class RunReproReader
{
    public static async Task<RunRepro> ReproOf(this RunsDb db, Run run, CancellationToken cancellation)
    {
        var started = run.ReadStarted();
        var body = await db.Events.AsNoTracking().Where(row => row.RunId == run.Id && row.Kind == "finished")
            .OrderByDescending(row => row.Seq).Select(row => row.Body).FirstOrDefaultAsync(cancellation);
        var finished = body is null ? null : JsonSerializer.Deserialize<TrainerEvent>(body, ContractJson.Options) as FinishedEvent;
        return new RunRepro
        {
            Id = run.Id,
            Spec = run.ReadSpec(),
            CodeVersion = started?.CodeVersion,
            DataSha256 = started?.DataSha256,
            Platform = started?.Platform,
            Device = started?.Device,
            Threads = started?.Threads,
            Attempts = run.Attempt,
            WeightsSha256 = finished?.WeightsSha256,
            BestEpoch = run.BestEpoch,
            BestValidMetric = run.BestValidMetric,
            TestMetric = run.TestMetric,
        };
    }
}
