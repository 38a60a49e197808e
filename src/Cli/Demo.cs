using System.Globalization;
using Contracts;

namespace Cli;

/// <summary>The first thing to see: the same graph convolution, plain and residual, at several depths on the best real data at hand.</summary>
internal static class Demo
{
    private static readonly string[] Preferred = ["cora", "citeseer", "pubmed", "amazon-photo", "karate"];
    private static readonly int[] Depths = [16, 32];
    private static readonly Backbone[] Backbones = [Backbone.Plain, Backbone.Res, Backbone.ResPlus];

    public static async Task<int> Run(ApiClient api, CommandLine options)
    {
        var dataset = options.Dataset ?? await BestAvailable(api);
        var group = options.Group ?? string.Create(CultureInfo.InvariantCulture, $"demo-{dataset}-{DateTimeOffset.UtcNow:yyyyMMdd-HHmmss}");
        var specs = Specs(dataset, group, options.Seeds).ToList();
        foreach (var spec in specs) { await api.Submit(spec); }
        Console.WriteLine($"posted {specs.Count} runs on {dataset} as group {group}");
        return options.Follow ? await Follower.FollowToTable(api, group) : 0;
    }

    // Seeds go round by configuration: the whole picture is there after the first round.
    private static IEnumerable<RunSpec> Specs(string dataset, string label, int seeds) =>
        from seed in Enumerable.Range(0, seeds)
        from spec in Depths.SelectMany(depth => Backbones.Select(backbone => Deep(depth, backbone))).Prepend(TwoLayers())
        select spec with { Group = label, Seed = seed, Data = new() { Dataset = dataset } };

    // Kipf and Welling's model and recipe: arXiv:1609.02907, section 5.2.
    private static RunSpec TwoLayers() => new()
    {
        Name = "plain-2",
        Data = new() { Dataset = "" },
        Model = new()
        {
            Convolution = Convolution.Gcn,
            Backbone = Backbone.Plain,
            Layers = 2,
            HiddenChannels = 16,
            Dropout = 0.5,
            InputDropout = 0.5,
            Normalization = Normalization.None,
            Stem = Stem.Convolution,
            Prediction = Prediction.Convolution,
        },
        Training = new() { Epochs = 200, LearningRate = 0.01, WeightDecay = 5e-4 },
    };

    // The same convolution many times over. Depth and skip connection are the only things that differ among these.
    private static RunSpec Deep(int depth, Backbone backbone)
    {
        var shallow = TwoLayers();
        return shallow with
        {
            Name = $"{ContractJson.NameOf(backbone)}-{depth}",
            Model = shallow.Model with { Backbone = backbone, Layers = depth, HiddenChannels = 32, Normalization = Normalization.Layer, Dropout = 0, InputDropout = 0 },
        };
    }

    private static async Task<string> BestAvailable(ApiClient api)
    {
        var available = (await api.Datasets()).Where(set => set.Available).Select(set => set.Name).ToHashSet();
        return Preferred.FirstOrDefault(available.Contains) ?? throw new ApiException("the service has none of " + string.Join(", ", Preferred));
    }
}
