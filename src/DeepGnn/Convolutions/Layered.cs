using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>Builds layers whose parts are named by position, as the references' checkpoints have them.</summary>
public static class Layered
{
    /// <summary>Linear map with norm and activation in the order asked for; weights from He's normal distribution, biases 0.</summary>
    public static Sequential Layer(int inChannels, int outChannels, LayerOptions options)
    {
        var parts = new List<nn.Module<Tensor, Tensor>> { Linear(inChannels, outChannels, options) };
        var norm = Norm(options.Norm, outChannels);
        var activation = Activated(options.Activation);
        foreach (var part in options.NormFirst ? [norm, activation] : new[] { activation, norm })
        {
            if (part is not null) { parts.Add(part); }
        }

        return nn.Sequential(parts.Select((part, i) => ($"{i}", part)));
    }

    internal static nn.Module<Tensor, Tensor>? Activated(Activation activation) => activation switch
    {
        Activation.Relu => nn.ReLU(),
        Activation.LeakyRelu => nn.LeakyReLU(0.2),
        Activation.Gelu => nn.GELU(),
        _ => null,
    };

    internal static nn.Module<Tensor, Tensor>? Norm(HiddenNorm norm, int channels) => norm switch
    {
        HiddenNorm.Batch => nn.BatchNorm1d(channels),
        HiddenNorm.Layer => nn.LayerNorm(channels),
        _ => null,
    };

    private static nn.Module<Tensor, Tensor> Linear(int inChannels, int outChannels, LayerOptions options)
    {
        if (options.Groups > 1) { return new GroupedLinear(inChannels, outChannels, options.Groups, options.Bias); }
        var linear = nn.Linear(inChannels, outChannels, options.Bias);
        nn.init.kaiming_normal_(linear.weight!);
        if (linear.bias is not null) { nn.init.zeros_(linear.bias); }
        return linear;
    }
}
