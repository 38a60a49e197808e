using System.Diagnostics;
using System.Text.Json;
using Contracts;
using Runs;
using Testing;

namespace Faults;

/// <summary>What a spec gives when nothing goes wrong: trained by the Trainer alone, with no service around it.</summary>
/// <param name="Epochs">By number.</param>
/// <param name="WeightsSha256">Of the final weights.</param>
/// <param name="HalfSeconds">What the second half of the epochs took.</param>
internal sealed record Undisturbed(IReadOnlyDictionary<int, EpochEvent> Epochs, string WeightsSha256, double HalfSeconds)
{
    private static readonly Dictionary<string, Undisturbed> Known = [];

    /// <summary>The karate club in a model deep enough that an epoch takes some milliseconds.</summary>
    public static RunSpec Spec(int epochs, int checkpointEvery = 50) => new()
    {
        Name = $"{epochs} epochs",
        Seed = 7,
        Data = new DataSpec { Dataset = "karate" },
        Model = new ModelSpec { Layers = 8, HiddenChannels = 16 },
        Training = new TrainingSpec { Epochs = epochs, CheckpointEvery = checkpointEvery },
    };

    /// <summary>The same, with about as many epochs as this machine trains in so many seconds.</summary>
    public static async Task<RunSpec> Lasting(int seconds, CancellationToken stop)
    {
        var sample = await Of(Spec(1_000), stop);
        return Spec(200 * (int)Math.Ceiling(seconds * (500 / sample.HalfSeconds) / 200), checkpointEvery: 200);
    }

    public static async Task<Undisturbed> Of(RunSpec spec, CancellationToken stop)
    {
        var json = JsonSerializer.Serialize(spec, ContractJson.Options);
        if (Known.TryGetValue(json, out var known)) { return known; }

        using var trainer = Process.Start(new ProcessStartInfo(ServiceProcess.ProgramOf("Trainer", "trainer")) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        await trainer.StandardInput.WriteLineAsync(json);
        trainer.StandardInput.Close();
        var epochs = new Dictionary<int, EpochEvent>();
        var half = new Stopwatch();
        string? hash = null;
        while (await trainer.StandardOutput.ReadLineAsync(stop) is { } line)
        {
            var said = JsonSerializer.Deserialize<TrainerEvent>(line, ContractJson.Options);
            if (said is EpochEvent epoch) { epochs.Add(epoch.Epoch, epoch); }
            if (epochs.Count == spec.Training.Epochs / 2) { half.Start(); }
            if (epochs.Count == spec.Training.Epochs) { half.Stop(); }
            if (said is FinishedEvent finished) { hash = finished.WeightsSha256; }
        }
        return Known[json] = new Undisturbed(epochs, hash ?? throw new FaultException("the Trainer alone did not finish"), half.Elapsed.TotalSeconds);
    }
}

/// <summary>The end state that every disturbed run must have.</summary>
internal static class Verdict
{
    /// <summary>
    /// Succeeded; every epoch stored once and counted once, in order, with the figures of the undisturbed run to the last bit; the final
    /// weights' hash that of the undisturbed run; numbers without a gap.
    /// </summary>
    public static async Task<string> IsWhole(this Site site, Guid id, RunSpec spec)
    {
        var undisturbed = await Undisturbed.Of(spec, site.Stop);
        var run = await site.Read(id);
        Require.Equal(RunStatus.Succeeded, run.Status, $"run of {spec.Training.Epochs} epochs ({run.FailureMessage})");
        var rows = await site.Epochs(id);
        var events = await site.Events(id);
        var counted = rows.Where(row => !row.Voided).Select(row => row.Epoch).ToList();
        Require.That(counted.SequenceEqual(Enumerable.Range(1, spec.Training.Epochs)), $"epochs that count: found {Gaps(counted, spec.Training.Epochs)}, needed 1 to {spec.Training.Epochs} once each");
        foreach (var attempt in rows.GroupBy(row => row.Attempt))
        {
            var epochs = attempt.Select(row => row.Epoch).ToList();
            Require.That(epochs.SequenceEqual(Enumerable.Range(epochs[0], epochs.Count)), $"attempt {attempt.Key}: its epochs are not each stored once, in order");
        }
        Require.That(rows.Select(row => row.Seq).Concat(events.Select(e => e.Seq)).Order().SequenceEqual(Range(1, run.LastSeq)), "numbers have gaps or doubles");
        var other = rows.FirstOrDefault(row => row.TrainLoss != undisturbed.Epochs[row.Epoch].TrainLoss || row.ValidLoss != undisturbed.Epochs[row.Epoch].ValidLoss);
        Require.That(other is null, $"epoch {other?.Epoch} of attempt {other?.Attempt} has other losses than the undisturbed run");
        var finished = events.Where(e => e.Kind == "finished").Select(e => JsonSerializer.Deserialize<TrainerEvent>(e.Body!, ContractJson.Options)).OfType<FinishedEvent>().ToList();
        Require.Equal(1, finished.Count, "events that say the run finished");
        Require.Equal(undisturbed.WeightsSha256, finished[0].WeightsSha256, "hash of the final weights");
        return $"succeeded in {run.Attempt} {(run.Attempt == 1 ? "attempt" : "attempts")}, {counted.Count} epochs once each, hash as undisturbed";
    }

    private static IEnumerable<long> Range(long first, long last)
    {
        for (var i = first; i <= last; i++) { yield return i; }
    }

    private static string Gaps(List<int> epochs, int last)
    {
        var missing = Enumerable.Range(1, last).Except(epochs).Take(5);
        var doubled = epochs.GroupBy(epoch => epoch).Where(group => group.Count() > 1).Select(group => group.Key).Take(5);
        return $"{epochs.Count} with missing {string.Join(',', missing)} and doubled {string.Join(',', doubled)}";
    }
}
