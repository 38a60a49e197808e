using System.Globalization;
using Contracts;

namespace Cli;

/// <summary>The first thing to see: the same graph convolution, plain and residual, at several depths on the best real data at hand.</summary>
internal static class Demo
{
    private static readonly string[] Preferred = ["cora", "citeseer", "pubmed", "amazon-photo", "karate"];
    private static readonly int[] Depths = [2, 16, 32];
    private static readonly Backbone[] Backbones = [Backbone.Plain, Backbone.Res, Backbone.ResPlus];

    public static async Task<int> Run(ApiClient api, CommandLine options)
    {
        var dataset = options.Dataset ?? await BestAvailable(api);
        var group = options.Group ?? string.Create(CultureInfo.InvariantCulture, $"demo-{dataset}-{DateTimeOffset.UtcNow:yyyyMMdd-HHmmss}");
        var specs = Specs(dataset, group, options.Seeds).ToList();
        foreach (var spec in specs) { await api.Submit(spec); }
        Console.WriteLine($"posted {specs.Count} runs on {dataset} as group {group}");
        if (!options.Follow) { return 0; }

        var runs = await Follower.FollowGroup(api, group);
        Console.WriteLine();
        Console.WriteLine(ComparisonTable.Format(runs));
        return runs.All(run => run.Status == RunStatus.Succeeded) ? 0 : 1;
    }

    // The GCN paper's recipe for every depth and backbone, so that depth and skip connection are the only things that differ.
    // Seeds go round by configuration: the whole picture is there after the first round.
    private static IEnumerable<RunSpec> Specs(string dataset, string label, int seeds) =>
        from seed in Enumerable.Range(0, seeds)
        from depth in Depths
        from backbone in Backbones
        where depth > 2 || backbone == Backbone.Plain // two layers leave no room for a skip connection
        select new RunSpec
        {
            Name = $"{Word(backbone)}-{depth}",
            Group = label,
            Seed = seed,
            Data = new() { Dataset = dataset },
            Model = new()
            {
                Convolution = Convolution.Gcn,
                Backbone = backbone,
                Layers = depth,
                HiddenChannels = 16,
                Dropout = 0.5,
                Normalization = Normalization.None,
                Stem = Stem.Convolution,
                Prediction = Prediction.Convolution,
            },
            Training = new() { Epochs = 200, LearningRate = 0.01, WeightDecay = 5e-4 },
        };

    internal static string Word(Backbone backbone) => backbone switch
    {
        Backbone.Plain => "plain",
        Backbone.Res => "res",
        Backbone.ResPlus => "res+",
        _ => backbone.ToString(),
    };

    private static async Task<string> BestAvailable(ApiClient api)
    {
        var available = (await api.Datasets()).Where(set => set.Available).Select(set => set.Name).ToHashSet();
        return Preferred.FirstOrDefault(available.Contains) ?? throw new ApiException("the service has none of " + string.Join(", ", Preferred));
    }
}
