using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Contracts;
using Microsoft.AspNetCore.SignalR.Client;
using Npgsql;
using Testing;
using static Bench.ServiceRows;

namespace Bench;

/// <summary>
/// What it costs a training that its epochs are streamed. One Trainer trains; its events are read here, and stretches of them are dropped or
/// handed to the service's worker, in turns. Both conditions so share the process, its memory and the minute; between them is the service at
/// work: worker, API, Postgres and a viewer. What these take while nothing comes is told apart.
/// </summary>
internal static class ServiceStreaming
{
    private const int Stretch = 32;

    /// <summary>Of a stretch, not counted: what the one before it left to do is done.</summary>
    private const int Settling = 12;

    private const int Pairs = 108;

    /// <summary>All are streamed, and the service compiles itself.</summary>
    private const int WarmUp = 400;

    private static readonly string[] Programs = ["Worker", "Api", "Postgres", "viewer"];

    private static readonly RunSpec Spec = ServiceLiveRows.Cora with { Training = new TrainingSpec { Epochs = WarmUp + (2 * Pairs * Stretch), CheckpointEvery = 0 } };

    public static async Task Run()
    {
        await using var site = await ServiceSite.Open();
        await site.StartApi();
        var (relay, pipe) = site.Relay();
        await site.StartWorker(isFake: false, relay);
        await using var viewer = site.Connection();
        var seen = 0;
        viewer.On<RunSummary, RunHistory>(nameof(IRunClient.RunProgressed), (_, added) => Interlocked.Add(ref seen, added.Epochs.Count));
        await viewer.StartAsync();
        var run = await site.Post(Spec);
        await viewer.InvokeAsync(nameof(IRunHub.WatchRun), run);
        using var trainer = Start();
        var (dropped, streamed) = (new List<Measured>(), new List<Measured>());
        var needed = await Relay(trainer, pipe, site, dropped, streamed);
        await site.Ended(run);
        await Task.Delay(500); // the last message on its way
        if (seen != needed) { throw new InvalidOperationException($"{seen} epochs reached the viewer, needed {needed}"); }

        Compare("epoch", dropped, streamed, measured => measured.EpochMs);
        Compare("processor", dropped, streamed, measured => measured.TrainerMs);
        for (var i = 0; i < Programs.Length; i++)
        {
            Print($"streaming-{Programs[i].ToLowerInvariant()}", Quantile(streamed.Select(each => each.OthersMs[i]), 0.5) - Quantile(dropped.Select(each => each.OthersMs[i]), 0.5), "ms");
        }
        Print("streaming-idle", Quantile(dropped.Select(each => (each.OthersMs.Sum() - each.OthersMs[^1]) / each.EpochMs), 0.5) * 100, "%");
    }

    private static Process Start()
    {
        var start = new ProcessStartInfo(ServiceSite.ProgramOf("Trainer", "trainer"), ["--supervised"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["GNN_DATA"] = TestFolders.Data;
        var process = Process.Start(start)!;
        process.StandardInput.WriteLine(JsonSerializer.Serialize(Spec, ContractJson.Options));
        process.StandardInput.Flush();
        return process;
    }

    /// <summary>How many epochs were handed on.</summary>
    private static async Task<int> Relay(Process trainer, string pipe, ServiceSite site, List<Measured> dropped, List<Measured> streamed)
    {
        await using var worker = await Task.Run(() => new FileStream(pipe, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0));
        using var lines = new StreamReader(trainer.StandardOutput.BaseStream);
        var (handedOn, isStreamed) = (0, true);
        int[]? backends = null;
        Reading? began = null;
        while (await lines.ReadLineAsync() is { } line)
        {
            var said = JsonSerializer.Deserialize<TrainerEvent>(line, ContractJson.Options);
            if (said is EpochEvent { Epoch: > WarmUp } epoch)
            {
                // ABBA: each goes first in every other pair, so that what changes with time falls on both.
                var (stretch, at) = Math.DivRem(epoch.Epoch - WarmUp - 1, Stretch);
                isStreamed = stretch % 4 is 1 or 2;
                if (at == Settling - 1) { began = Read(epoch, trainer, site, backends ??= await Backends(site)); }
                if (at == Stretch - 1) { (isStreamed ? streamed : dropped).Add(new Measured(began!, Read(epoch, trainer, site, backends!))); }
            }
            if (!isStreamed && said is not FinishedEvent) { continue; }
            await worker.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"));
            if (said is EpochEvent) { handedOn++; }
        }
        await trainer.WaitForExitAsync();
        return handedOn;
    }

    private static Reading Read(EpochEvent epoch, Process trainer, ServiceSite site, int[] backends) => new(epoch.At, ProcessorTime.Of(trainer.Id) ?? 0,
    [
        ProcessorTime.Of(site.ProcessId("Worker")) ?? 0, ProcessorTime.Of(site.ProcessId("Api")) ?? 0,
        backends.Sum(process => ProcessorTime.Of(process) ?? 0), ProcessorTime.Of(Environment.ProcessId) ?? 0,
    ]);

    /// <summary>Postgres' processes; who comes later, as a connection more, is not counted.</summary>
    private static async Task<int[]> Backends(ServiceSite site)
    {
        await using var connection = new NpgsqlConnection(site.Database);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT array_agg(pid) FROM pg_stat_activity", connection);
        return (int[])(await command.ExecuteScalarAsync())!;
    }

    private static void Compare(string what, List<Measured> dropped, List<Measured> streamed, Func<Measured, double> of)
    {
        var ratio = PairedRatio.OfMedian([.. dropped.Zip(streamed, (without, with) => (of(without), of(with)))]);
        Print($"streaming-{what}-alone", Quantile(dropped.Select(of), 0.5), "ms");
        Print($"streaming-{what}-service", Quantile(streamed.Select(of), 0.5), "ms");
        Print($"streaming-{what}-slowdown", (ratio.Value - 1) * 100, "%");
        Print($"streaming-{what}-slowdown-low", (ratio.Low - 1) * 100, "%");
        Print($"streaming-{what}-slowdown-high", (ratio.High - 1) * 100, "%");
    }

    /// <summary>The Trainer's clock as it reported an epoch, and what the Trainer and the others had taken of the processors then.</summary>
    private sealed record Reading(DateTimeOffset At, double Trainer, double[] Others);

    /// <summary>Per epoch, reporting included.</summary>
    private sealed class Measured(Reading from, Reading to)
    {
        private const double PerEpoch = 1_000.0 / (Stretch - Settling);

        public double EpochMs { get; } = (to.At - from.At).TotalSeconds * PerEpoch;
        public double TrainerMs { get; } = (to.Trainer - from.Trainer) * PerEpoch;
        public double[] OthersMs { get; } = [.. to.Others.Zip(from.Others, (after, before) => (after - before) * PerEpoch)];
    }
}
