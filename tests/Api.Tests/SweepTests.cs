using System.Text.Json;
using Contracts;

namespace Api.Tests;

public sealed class SweepTests
{
    private static readonly RunSpec Base = new() { Data = new() { Dataset = "karate" }, Model = new() { Dropout = 0.25 }, Training = new() };

    [Fact]
    public void An_object_sets_the_members_it_names_and_leaves_the_others()
    {
        var specs = Specs(new() { Base = Base, Axes = [Axis("model", """{"backbone":"initial","neighborhood":{"k":9}}""", """{"backbone":"res"}""")] });
        Assert.Equal([(Backbone.Initial, 9, 0.25), (Backbone.Res, 16, 0.25)], specs.Select(spec => (spec.Model.Backbone, spec.Model.Neighborhood.K, spec.Model.Dropout)));
    }

    [Fact]
    public void A_member_that_the_base_leaves_out_may_vary()
    {
        var specs = Specs(new() { Base = Base with { Data = new() { Dataset = "sbm" } }, Axes = [Axis("data.sbm.nodes", "100", "200")] });
        Assert.Equal([100, 200], specs.Select(spec => spec.Data.Sbm!.Nodes));
    }

    [Fact]
    public void A_draw_takes_different_combinations_of_the_grid_and_the_same_ones_again()
    {
        var sweep = new SweepSpec
        {
            Base = Base, Random = new() { Count = 20, Seed = 5 },
            Axes = [Axis("model.layers", [.. Enumerable.Range(1, 10).Select(depth => $"{depth}")]), Axis("model.dropout", "0", "0.1", "0.2"), Axis("model.hiddenChannels", "8", "16")],
        };
        var drawn = Drawn(sweep);
        Assert.Equal(20, drawn.Distinct().Count());
        Assert.Equal(drawn, Drawn(sweep));
        Assert.NotEqual(drawn, Drawn(sweep with { Random = new() { Count = 20, Seed = 6 } }));
        Assert.Equal(60, Drawn(sweep with { Random = new() { Count = 60 } }).Distinct().Count());

        static List<(int, double, int)> Drawn(SweepSpec sweep) => [.. Specs(sweep).Select(spec => (spec.Model.Layers, spec.Model.Dropout, spec.Model.HiddenChannels))];
    }

    [Fact]
    public void A_draw_from_a_grid_of_quintillions_is_made_at_once()
    {
        string[] values = [.. Enumerable.Range(1, 200).Select(i => $"{i / 1000.0}")];
        string[] members = ["model.dropout", "model.inputDropout", "model.dropEdge", "model.dropNode", "model.alpha", "model.theta", "training.learningRate", "training.weightDecay"];
        Assert.Equal(7, Specs(new() { Base = Base, Axes = [.. members.Select(member => Axis(member, values))], Random = new() { Count = 7 } }).Count);
    }

    [Fact]
    public void Cells_with_commas_quotes_and_lists_are_quoted()
    {
        RunDetail Run(IReadOnlyList<int> hidden) => new()
        {
            Name = "a \"b\", c", Dataset = "karate", Spec = Base with { Model = new() { PredictionHidden = hidden } }, Status = RunStatus.Failed, TestMetric = double.NaN,
        };
        var lines = SweepTable.Csv([new(Run([]), 0), new(Run([8, 4]), 1.5)]).Split("\r\n");
        Assert.Equal("00000000-0000-0000-0000-000000000000,\"a \"\"b\"\", c\",0,\"[8,4]\",failed,,,NaN,,0,1.5,", lines[2]);
    }

    private static IReadOnlyList<RunSpec> Specs(SweepSpec sweep)
    {
        var (specs, faults) = Sweep.Runs(sweep, "label");
        Assert.Empty(faults);
        return specs;
    }

    private static SweepAxis Axis(string path, params string[] values) => new() { Path = path, Values = [.. values.Select(value => JsonElement.Parse(value))] };
}
