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
        (Dataset, Split, RowNormalize, Sbm) = (spec.Data.Dataset, spec.Data.Split, spec.Data.RowNormalize, spec.Data.Sbm);
        Model = spec.Model;
        Training = spec.Training;
    }

    public string Name { get; set; }
    public string? Group { get; set; }
    public int Seed { get; set; }
    public string Dataset { get; set; }
    public int Split { get; set; }
    public bool RowNormalize { get; set; }
    public SbmSpec? Sbm { get; set; }
    public ModelSpec Model { get; set; }
    public TrainingSpec Training { get; set; }

    public RunSpec ToSpec() => new()
    {
        Name = Name.Trim(),
        Group = string.IsNullOrWhiteSpace(Group) ? null : Group.Trim(),
        Seed = Seed,
        Data = new() { Dataset = Dataset, Split = Split, RowNormalize = RowNormalize, Sbm = Dataset == "sbm" ? Sbm : null },
        Model = Model,
        Training = Training,
    };
}
