using TorchSharp.Modules;
using static TorchSharp.torch;

namespace DeepGnn.Convolutions;

/// <summary>A linear map whose output block g sees input block g alone: a 1×1 convolution with groups, on rows.</summary>
public sealed class GroupedLinear : nn.Module<Tensor, Tensor>
{
    private readonly Parameter weight;
    private readonly Parameter? bias;
    private readonly int _groups;

    /// <summary>Weights [out, in/groups] are drawn from He's normal distribution, the bias is 0.</summary>
    /// <exception cref="ArgumentException">The groups divide one of the widths not.</exception>
    public GroupedLinear(int inChannels, int outChannels, int groups, bool hasBias = true) : base(nameof(GroupedLinear))
    {
        if (inChannels % groups != 0 || outChannels % groups != 0)
        {
            throw new ArgumentException($"groups: found {groups}, needed a divisor of {inChannels} and {outChannels}", nameof(groups));
        }

        _groups = groups;
        weight = nn.Parameter(empty(outChannels, inChannels / groups));
        nn.init.kaiming_normal_(weight);
        bias = hasBias ? nn.Parameter(zeros(outChannels)) : null;
        RegisterComponents();
    }

    /// <summary>[N, in] gives [N, out].</summary>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var blocks = x.view(x.shape[0], _groups, -1).transpose(0, 1); // [groups, N, in/groups]
        var mapped = blocks.matmul(weight.view(_groups, -1, weight.shape[1]).transpose(1, 2)); // [groups, N, out/groups]
        var rows = mapped.transpose(0, 1).reshape(x.shape[0], -1);
        return (bias is null ? rows : rows + bias).MoveToOuterDisposeScope();
    }
}
