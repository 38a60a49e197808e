using Conformance;
using Conformance.Operators;
using Contracts;
using DeepGnn.Interchange;
using DeepGnn.Models;
using DeepGnn.Runtime;
using Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace DeepGnn.Tests.Interchange;

public sealed class ModelWeightsTests : IDisposable
{
    private readonly TemporaryFolder _folder = TestFolders.NewTemporary();

    public void Dispose() => _folder.Dispose();

    /// <summary>Modules of PyG whose state_dict names are those of the golden files.</summary>
    [Theory]
    [InlineData("GCNConv")]
    [InlineData("GraphConv")]
    [InlineData("SAGEConv")]
    [InlineData("GINConv")]
    [InlineData("GATConv")]
    [InlineData("GATv2Conv")]
    [InlineData("GENConv")]
    [InlineData("EdgeConv")]
    [InlineData("GCN2Conv")]
    [InlineData("BatchNorm")]
    [InlineData("LayerNorm")]
    [InlineData("GraphNorm")]
    [InlineData("InstanceNorm")]
    [InlineData("DiffGroupNorm")]
    [InlineData("MessageNorm")]
    [InlineData("DeepGCNLayer")]
    [InlineData("JumpingKnowledge")]
    [InlineData("SoftmaxAggregation")]
    [InlineData("PowerMeanAggregation")]
    public void Weights_of_the_reference_come_in_under_its_own_names_and_give_its_outputs(string operatorName)
    {
        var cases = GoldenCase.ReadFile(Path.Combine(AppContext.BaseDirectory, "Golden", "cases", $"{operatorName}.json"));
        Assert.NotEmpty(cases);
        foreach (var golden in cases)
        {
            using var scope = NewDisposeScope();
            var built = OperatorCatalog.Build(golden);
            var module = built.Module!;
            module.to(ScalarType.Float64);
            module.train(golden.Training);
            var path = _folder.File("reference.safetensors");
            SafeTensors.Write(path, golden.Parameters.Concat(golden.BuffersBefore).ToDictionary(p => p.Key, p => p.Value.ToTensor(CPU)));

            ModelWeights.Load(path, module);

            using var constant = no_grad();
            var outputs = built.Forward(new CaseInputs(golden, golden.Inputs.ToDictionary(i => i.Key, i => i.Value.ToTensor(CPU))));
            var worst = new WorstError();
            foreach (var (name, expected) in golden.Outputs) { worst.Take(name, outputs[name], expected); }
            Assert.True(worst.Value <= CaseRunner.ValueTolerance, $"{golden.Name}: {worst.Where}");
        }
    }

    [Theory]
    [InlineData(Backbone.Plain)]
    [InlineData(Backbone.ResPlus)]
    [InlineData(Backbone.Dense)]
    [InlineData(Backbone.Initial)]
    [InlineData(Backbone.Reversible)]
    public void Saved_model_loads_into_a_fresh_one_bit_for_bit(Backbone backbone)
    {
        using var saved = Model(backbone, seed: 1);
        using var loaded = Model(backbone, seed: 2);
        var path = _folder.File("model.safetensors");

        ModelWeights.Save(path, saved, new Dictionary<string, string> { ["epoch"] = "7" });
        var metadata = ModelWeights.Load(path, loaded);

        Assert.Equal("7", metadata["epoch"]);
        Assert.Equal("pt", metadata["format"]);
        var state = loaded.state_dict();
        foreach (var (name, held) in saved.state_dict()) { Assert.True(held.eq(state[name]).all().ToBoolean(), name); }
    }

    [Theory]
    [InlineData(Backbone.Res, "head.0.bias,head.0.weight,layers.0.conv.bias,layers.0.conv.lin.weight,layers.0.norm.bias,layers.0.norm.weight," +
        "layers.1.conv.bias,layers.1.conv.lin.weight,layers.1.norm.bias,layers.1.norm.weight,stem.bias,stem.weight")]
    [InlineData(Backbone.ResPlus, "head.0.bias,head.0.weight,layers.0.conv.bias,layers.0.conv.lin.weight,layers.1.conv.bias,layers.1.conv.lin.weight," +
        "layers.1.norm.bias,layers.1.norm.weight,norm.bias,norm.weight,stem.bias,stem.weight")]
    [InlineData(Backbone.Initial, "head.0.bias,head.0.weight,layers.0.conv.weight1,layers.0.norm.bias,layers.0.norm.weight," +
        "layers.1.conv.weight1,layers.1.norm.bias,layers.1.norm.weight,stem.bias,stem.weight")]
    [InlineData(Backbone.Reversible, "head.0.bias,head.0.weight,layers.0.convs.0.conv.bias,layers.0.convs.0.conv.lin.weight,layers.0.convs.0.norm.bias," +
        "layers.0.convs.0.norm.weight,layers.0.convs.1.conv.bias,layers.0.convs.1.conv.lin.weight,layers.0.convs.1.norm.bias,layers.0.convs.1.norm.weight," +
        "layers.1.convs.0.conv.bias,layers.1.convs.0.conv.lin.weight,layers.1.convs.0.norm.bias,layers.1.convs.0.norm.weight,layers.1.convs.1.conv.bias," +
        "layers.1.convs.1.conv.lin.weight,layers.1.convs.1.norm.bias,layers.1.convs.1.norm.weight,norm.bias,norm.weight,stem.bias,stem.weight")]
    public void Whole_models_have_the_documented_names(Backbone backbone, string names)
    {
        using var model = Model(backbone, seed: 1);
        var path = _folder.File("model.safetensors");

        ModelWeights.Save(path, model);

        Assert.Equal(names.Split(','), SafeTensors.ReadHeader(path).Tensors.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Loading_names_every_tensor_that_is_missing_surplus_or_misshapen_and_copies_nothing()
    {
        using var scope = NewDisposeScope();
        using var model = Model(Backbone.Res, seed: 1);
        var path = _folder.File("model.safetensors");
        ModelWeights.Save(path, model);
        var tensors = SafeTensors.Read(path).Tensors.ToDictionary(pair => pair.Key, pair => pair.Value + 1);
        tensors.Remove("stem.bias");
        tensors["surplus"] = ones(3);
        tensors["head.0.weight"] = tensors["head.0.weight"].t();
        tensors["head.0.bias"] = tensors["head.0.bias"].to(int64);
        SafeTensors.Write(path, tensors);
        var before = model.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.clone());

        var refused = Assert.Throws<InvalidDataException>(() => ModelWeights.Load(path, model));

        Assert.StartsWith(path, refused.Message);
        Assert.Contains("stem.bias: found nothing, needed F32 [8]", refused.Message);
        Assert.Contains("surplus: found F32 [3], needed no tensor of that name", refused.Message);
        Assert.Contains("head.0.weight: found F32 [8, 3], needed F32 [3, 8]", refused.Message);
        Assert.Contains("head.0.bias: found I64 [3], needed F32 [3]", refused.Message);
        foreach (var (name, held) in model.state_dict()) { Assert.True(held.eq(before[name]).all().ToBoolean(), name); }
    }

    [Fact]
    public void Weights_in_half_precision_are_converted_to_the_models_type()
    {
        using var scope = NewDisposeScope();
        using var model = nn.Linear(2, 1);
        var path = _folder.File("half.safetensors");
        SafeTensors.Write(path, new Dictionary<string, Tensor>
        {
            ["weight"] = tensor(new[] { 0.5f, -1.25f }, [1, 2]).to(bfloat16),
            ["bias"] = tensor(new[] { 3f }).to(float16),
        });

        ModelWeights.Load(path, model);

        Assert.Equal([0.5f, -1.25f], model.weight.data<float>().ToArray());
        Assert.Equal([3f], model.bias!.data<float>().ToArray());
        Assert.True(model.weight.requires_grad);
    }

    private static DeepGcn Model(Backbone backbone, int seed)
    {
        TorchRuntime.Start(seed);
        return new DeepGcn(new ModelSpec { Backbone = backbone, Layers = 2, HiddenChannels = 8 }, features: 5, classes: 3);
    }
}
