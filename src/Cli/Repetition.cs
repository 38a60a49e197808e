using System.Text.Json;
using Contracts;

namespace Cli;

/// <summary>Trains what a repro file says once more, and tells whether the same came out.</summary>
internal static class Repetition
{
    public static JsonSerializerOptions Indented { get; } = new(ContractJson.Options) { WriteIndented = true };

    public static async Task<int> Train(ApiClient api, CommandLine options)
    {
        var file = options.RequireArgument("a file written by gnn repro");
        var before = JsonSerializer.Deserialize<RunRepro>(await File.ReadAllTextAsync(file), ContractJson.Options)
            ?? throw new CommandLineException($"{file}: found null, needed what gnn repro wrote");
        var run = await api.Submit(before.Spec);
        if (await Follower.Follow(api, run) != 0) { return 1; }

        var after = await api.Repro(run.Id);
        foreach (var (what, then, now) in new[]
        {
            ("code", before.CodeVersion, after.CodeVersion), ("data", before.DataSha256, after.DataSha256), ("platform", before.Platform, after.Platform),
            ("device", before.Device, after.Device), ("threads", before.Threads?.ToString(), after.Threads?.ToString()),
        })
        {
            if (then != now) { Console.WriteLine($"{what} differs: {then} then, {now} now"); }
        }

        var same = before.WeightsSha256 is not null && before.WeightsSha256 == after.WeightsSha256;
        Console.WriteLine(same ? $"the same weights to the last bit: {after.WeightsSha256}" : $"other weights: {before.WeightsSha256} then, {after.WeightsSha256} now");
        return same ? 0 : 1;
    }
}
