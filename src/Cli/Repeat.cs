using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Contracts;

namespace Cli;

/// <summary>
/// Trains specs over seeds and over a grid of settings in Trainer processes on this machine, without a service, and prints mean ± deviation.
/// Finished runs are kept in a file of JSON lines and not trained again.
/// </summary>
internal sealed class Repeat(CommandLine options)
{
    private readonly string _trainer = options.Trainer ?? FindTrainer();
    private readonly Dictionary<string, RepeatResult> _known = Known(options.Results);
    private readonly Lock _gate = new();

    public async Task<int> Run()
    {
        var runs = options.Arguments.SelectMany(Variants).ToList();
        var faults = runs.SelectMany(run => run.Faults()).Distinct().ToList();
        if (faults.Count > 0) { throw new CommandLineException(string.Join(Environment.NewLine, faults)); }

        var results = new ConcurrentBag<RepeatResult>();
        var limits = new ParallelOptions { MaxDegreeOfParallelism = options.Jobs };
        await Parallel.ForEachAsync(runs.OrderBy(run => run.Seed), limits, async (run, _) => results.Add(_known.GetValueOrDefault(run.Json) ?? await Train(run)));
        Console.WriteLine(RepeatTable.Format([.. results]));
        return results.All(result => result.Failure is null) ? 0 : 1;
    }

    // Every combination of the settings, each with every seed; the value @seed is the seed, for one fold a seed.
    private IEnumerable<RepeatRun> Variants(string file)
    {
        var document = JsonNode.Parse(File.ReadAllText(file)) ?? throw new CommandLineException($"{file}: found null, needed a run spec");
        IEnumerable<(JsonNode Spec, string Name)> grid = [(document, Path.GetFileNameWithoutExtension(file))];
        foreach (var (path, values) in options.Settings)
        {
            grid = [.. grid.SelectMany(each => values.Select(value => (With(each.Spec, path, value), values.Count > 1 ? $"{each.Name} {path}={value}" : each.Name)))];
        }

        return grid.SelectMany(each => Enumerable.Range(0, options.Seeds).Select(seed =>
            new RepeatRun(each.Name, seed, With(each.Spec, "seed", $"{seed}").ToJsonString().Replace("\"@seed\"", $"{seed}", StringComparison.Ordinal))));
    }

    private static JsonNode With(JsonNode spec, string path, string value)
    {
        var copy = spec.DeepClone();
        var steps = path.Split('.');
        var at = copy;
        foreach (var step in steps[..^1]) { at = at[step] ?? (at[step] = new JsonObject()); }
        at[steps[^1]] = IsLiteral(value) ? JsonNode.Parse(value) : JsonValue.Create(value);
        return copy;
    }

    private static bool IsLiteral(string value) =>
        value is "true" or "false" or "null" || double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out _);

    private async Task<RepeatResult> Train(RepeatRun run)
    {
        var start = new ProcessStartInfo(_trainer) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["GNN_THREADS"] = Math.Max(1, Environment.ProcessorCount / options.Jobs).ToString(CultureInfo.InvariantCulture);
        using var process = Process.Start(start) ?? throw new CommandLineException($"{_trainer} could not be started");
        await process.StandardInput.WriteLineAsync(run.Json);
        process.StandardInput.Close();
        TrainerEvent? last = null;
        var metric = "";
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            last = JsonSerializer.Deserialize<TrainerEvent>(line, ContractJson.Options);
            if (last is StartedEvent started) { metric = started.Metric; }
        }

        await process.WaitForExitAsync();
        var result = RepeatResult.Of(run, metric, last, process.ExitCode);
        Keep(result);
        return result;
    }

    private void Keep(RepeatResult result)
    {
        lock (_gate)
        {
            Console.Error.WriteLine(result.Line);
            if (options.Results is { } file && result.Failure is null)
            {
                File.AppendAllText(file, JsonSerializer.Serialize(result, ContractJson.Options) + Environment.NewLine);
            }
        }
    }

    private static Dictionary<string, RepeatResult> Known(string? file) => file is null || !File.Exists(file)
        ? []
        : File.ReadLines(file).Select(line => JsonSerializer.Deserialize<RepeatResult>(line, ContractJson.Options)!)
            .GroupBy(result => result.Spec).ToDictionary(same => same.Key, same => same.Last());

    private static string FindTrainer()
    {
        var name = OperatingSystem.IsWindows() ? "trainer.exe" : "trainer";
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Name;
        string[] places = [Path.Combine("..", "..", "Trainer", configuration, name), Path.Combine("trainer", name)];
        return places.Select(place => Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, place))).FirstOrDefault(File.Exists)
            ?? throw new CommandLineException($"found no Trainer program beside {AppContext.BaseDirectory}, needed it: build src/Trainer, or give its path with --trainer");
    }
}

/// <summary>One training that is asked for.</summary>
internal sealed record RepeatRun(string Name, int Seed, string Json)
{
    public IEnumerable<string> Faults()
    {
        var (spec, fault) = RunSpecJson.Parse(Json);
        var faults = fault is null ? RunSpecValidation.Faults(spec!) : [fault];
        return faults.Select(each => $"{Name}: {each.Path}: {each.Message}");
    }
}
