using Contracts;

namespace Web.Components.Pages;

/// <summary>A run spec while someone fills it in.</summary>
public sealed class RunDraft
{
    private static readonly RunSpec Start = new() { Data = new() { Dataset = "" }, Model = new(), Training = new() };

    public RunDraft() : this(Start) { }

    public RunDraft(RunSpec spec)
    {
        (Name, Group, Seed) = (spec.Name, spec.Group, spec.Seed);
        Data = spec.Data;
        Model = spec.Model;
        Training = spec.Training;
    }

    public string Name { get; set; }
    public string? Group { get; set; }
    public int Seed { get; set; }
    public DataSpec Data { get; set; }
    public ModelSpec Model { get; set; }
    public TrainingSpec Training { get; set; }

    public static bool IsCloud(DatasetInfo? set) => set?.Task is DatasetTasks.PointCloudSegmentation or DatasetTasks.PointCloudClassification;

    /// <summary>Another data set; where its task is another one, model and training start from what suits it.</summary>
    public void Choose(DatasetInfo set, DatasetInfo? before)
    {
        Data = Data with { Dataset = set.Name, Split = 0 };
        if (IsCloud(set) == IsCloud(before)) { return; }

        // DeepGCNs on point clouds, small enough for a CPU.
        (Model, Training) = IsCloud(set)
            ? (new() { Convolution = Convolution.Edge, Backbone = Backbone.Res, Normalization = Normalization.Batch, Layers = 7, HiddenChannels = 32, Dropout = 0.3, Neighborhood = new() { K = 9 } },
               new() { Epochs = 40, LearningRate = 0.001, WeightDecay = 0, Sampling = new() { Points = 1_024 } })
            : (Start.Model, Start.Training);
    }

    public RunSpec ToSpec() => new()
    {
        Name = Name.Trim(),
        Group = string.IsNullOrWhiteSpace(Group) ? null : Group.Trim(),
        Seed = Seed,
        Data = Data.Dataset == "sbm" ? Data : Data with { Sbm = null },
        Model = Model,
        Training = Training,
    };
}
