using System.Numerics;
using Contracts;
using DeepGnn.Aggregation;
using DeepGnn.Aggregation.Simd;
using static TorchSharp.torch;

namespace DeepGnn.Training;

/// <summary>What one step depends on besides the tensors.</summary>
/// <param name="Rate">η, the learning rate.</param>
/// <param name="Decay">λ, the weight decay.</param>
/// <param name="Count">t, counted from 1.</param>
internal readonly record struct StepFacts(double Rate, double Decay, long Count);

/// <summary>The state of one parameter.</summary>
/// <param name="All">The state of all parameters, one flat tensor for each kind of state.</param>
/// <param name="Begin">Where this parameter's begins in each.</param>
internal readonly record struct UpdateState(Tensor[] All, long Begin)
{
    /// <summary>This parameter's part of each kind, in its shape.</summary>
    public Tensor[] In(Tensor parameter)
    {
        var begin = Begin;
        return Array.ConvertAll(All, kind => kind.narrow(0, begin, parameter.numel()).view(parameter.shape));
    }
}

/// <summary>How a value w follows from its gradient g and its state; all by elements, so no number of threads changes a bit.</summary>
internal abstract class UpdateRule
{
    /// <summary>State tensors a parameter needs.</summary>
    public abstract int States { get; }

    public static UpdateRule Of(Optimizer optimizer, double momentum) => optimizer switch
    {
        Optimizer.Adam => new AdamRule(decoupled: false),
        Optimizer.AdamW => new AdamRule(decoupled: true),
        Optimizer.Sgd => new SgdRule(momentum),
        Optimizer.RmsProp => new RmsPropRule(momentum),
        _ => throw new ArgumentOutOfRangeException(nameof(optimizer), optimizer, "no such optimiser"),
    };

    /// <summary>Changes value and state in place: in one pass of C# where the tensors allow it, else by libtorch's operators on any device.</summary>
    public void Apply(Tensor value, Tensor gradient, UpdateState state, StepFacts facts)
    {
        if (!Kernels.AreSimd(value) || !value.is_contiguous())
        {
            using var scope = NewDisposeScope();
            ByOperators(value, gradient, state.In(value), facts);
            return;
        }

        using var rows = gradient.contiguous();
        if (value.dtype == ScalarType.Float64) { InOnePass<double>(value, rows, state, facts); }
        else { InOnePass<float>(value, rows, state, facts); }
    }

    protected abstract void ByOperators(Tensor value, Tensor gradient, Tensor[] state, StepFacts facts);

    protected abstract void InOnePass<T>(Tensor value, Tensor gradient, UpdateState state, StepFacts facts) where T : unmanaged, IFloatingPointIeee754<T>;

    protected static unsafe void Over<T, TUpdate>(Tensor value, Tensor gradient, UpdateState state, TUpdate update)
        where T : unmanaged, IFloatingPointIeee754<T>
        where TUpdate : struct, IUpdate<T>
    {
        const int block = 1_024;
        var count = value.numel();
        var w = Rows.Of<T>(value);
        var g = Rows.Of<T>(gradient);
        // A rule with less state writes what it read to a place that is its own anyway.
        var a = state.All.Length > 0 ? Rows.Of<T>(state.All[0]) + state.Begin : w;
        var b = state.All.Length > 1 ? Rows.Of<T>(state.All[1]) + state.Begin : a;
        RowWork.Over((int)((count + block - 1) / block), block, (_, first, last) =>
        {
            var end = Math.Min(count, (long)last * block);
            for (var i = (long)first * block; i < end; i += Vector<T>.Count)
            {
                var lanes = (int)Math.Min(Vector<T>.Count, end - i);
                var (x, y) = (Lanes.Load(a + i, lanes), Lanes.Load(b + i, lanes));
                var next = update.Next(Lanes.Load(w + i, lanes), Lanes.Load(g + i, lanes), ref x, ref y);
                if (b != a) { Lanes.Store(y, b + i, lanes); }
                if (a != w) { Lanes.Store(x, a + i, lanes); }
                Lanes.Store(next, w + i, lanes);
            }
        });
    }

    /// <summary>One vector's step.</summary>
    protected interface IUpdate<T> where T : unmanaged
    {
        Vector<T> Next(Vector<T> value, Vector<T> gradient, ref Vector<T> first, ref Vector<T> second);
    }
}

/// <summary>
/// m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², w ← w − η/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε) with β₁ = 0.9, β₂ = 0.999, ε = 1e-8. Weight decay:
/// g ← g + λw before it, or decoupled w ← (1 − ηλ)w.
/// </summary>
internal sealed class AdamRule(bool decoupled) : UpdateRule
{
    private const double Beta1 = 0.9, Beta2 = 0.999, Epsilon = 1e-8;

    public override int States => 2;

    protected override void ByOperators(Tensor value, Tensor gradient, Tensor[] state, StepFacts facts)
    {
        var (size, root) = Corrections(facts);
        if (decoupled) { value.mul_(1 - (facts.Rate * facts.Decay)); }
        else if (facts.Decay != 0) { gradient = gradient.add(value, alpha: facts.Decay); }
        state[0].mul_(Beta1).add_(gradient, alpha: 1 - Beta1);
        state[1].mul_(Beta2).addcmul_(gradient, gradient, value: 1 - Beta2);
        value.addcdiv_(state[0], state[1].sqrt().div_(root).add_(Epsilon), value: -size);
    }

    protected override void InOnePass<T>(Tensor value, Tensor gradient, UpdateState state, StepFacts facts)
    {
        var (size, root) = Corrections(facts);
        Over<T, Update<T>>(value, gradient, state, new()
        {
            Kept = Vector.Create(T.CreateChecked(decoupled ? 1 - (facts.Rate * facts.Decay) : 1)),
            Decay = Vector.Create(T.CreateChecked(decoupled ? 0 : facts.Decay)),
            Beta1 = Vector.Create(T.CreateChecked(Beta1)),
            Beta2 = Vector.Create(T.CreateChecked(Beta2)),
            Rest1 = Vector.Create(T.CreateChecked(1 - Beta1)),
            Rest2 = Vector.Create(T.CreateChecked(1 - Beta2)),
            Root = Vector.Create(T.CreateChecked(root)),
            Epsilon = Vector.Create(T.CreateChecked(Epsilon)),
            Size = Vector.Create(T.CreateChecked(size)),
        });
    }

    private static (double Size, double Root) Corrections(StepFacts facts) =>
        (facts.Rate / (1 - Math.Pow(Beta1, facts.Count)), Math.Sqrt(1 - Math.Pow(Beta2, facts.Count)));

    private readonly struct Update<T> : IUpdate<T> where T : unmanaged, IFloatingPointIeee754<T>
    {
        public required Vector<T> Kept { get; init; }
        public required Vector<T> Decay { get; init; }
        public required Vector<T> Beta1 { get; init; }
        public required Vector<T> Beta2 { get; init; }
        public required Vector<T> Rest1 { get; init; }
        public required Vector<T> Rest2 { get; init; }
        public required Vector<T> Root { get; init; }
        public required Vector<T> Epsilon { get; init; }
        public required Vector<T> Size { get; init; }

        public Vector<T> Next(Vector<T> value, Vector<T> gradient, ref Vector<T> first, ref Vector<T> second)
        {
            gradient += Decay * value;
            first = (first * Beta1) + (gradient * Rest1);
            second = (second * Beta2) + (gradient * gradient * Rest2);
            return (value * Kept) - (Size * (first / ((Vector.SquareRoot(second) / Root) + Epsilon)));
        }
    }
}

/// <summary>g ← g + λw; with a momentum μ &gt; 0: b ← μb + g, g ← b; w ← w − ηg.</summary>
internal sealed class SgdRule(double momentum) : UpdateRule
{
    public override int States => momentum > 0 ? 1 : 0;

    protected override void ByOperators(Tensor value, Tensor gradient, Tensor[] state, StepFacts facts)
    {
        if (facts.Decay != 0) { gradient = gradient.add(value, alpha: facts.Decay); }
        if (momentum > 0) { gradient = state[0].mul_(momentum).add_(gradient); }
        value.add_(gradient, alpha: -facts.Rate);
    }

    protected override void InOnePass<T>(Tensor value, Tensor gradient, UpdateState state, StepFacts facts) => Over<T, Update<T>>(value, gradient, state, new()
    {
        Decay = Vector.Create(T.CreateChecked(facts.Decay)),
        Momentum = Vector.Create(T.CreateChecked(momentum)),
        Rate = Vector.Create(T.CreateChecked(facts.Rate)),
    });

    private readonly struct Update<T> : IUpdate<T> where T : unmanaged, IFloatingPointIeee754<T>
    {
        public required Vector<T> Decay { get; init; }
        public required Vector<T> Momentum { get; init; }
        public required Vector<T> Rate { get; init; }

        public Vector<T> Next(Vector<T> value, Vector<T> gradient, ref Vector<T> first, ref Vector<T> second)
        {
            gradient += Decay * value;
            if (Momentum[0] != T.Zero) { gradient = first = (first * Momentum) + gradient; }
            return value - (Rate * gradient);
        }
    }
}

/// <summary>g ← g + λw; s ← αs + (1 − α)g² with α = 0.99; d = g/(√s + ε) with ε = 1e-8; with a momentum μ &gt; 0: b ← μb + d, d ← b; w ← w − ηd.</summary>
internal sealed class RmsPropRule(double momentum) : UpdateRule
{
    private const double Alpha = 0.99, Epsilon = 1e-8;

    public override int States => momentum > 0 ? 2 : 1;

    protected override void ByOperators(Tensor value, Tensor gradient, Tensor[] state, StepFacts facts)
    {
        if (facts.Decay != 0) { gradient = gradient.add(value, alpha: facts.Decay); }
        state[0].mul_(Alpha).addcmul_(gradient, gradient, value: 1 - Alpha);
        var direction = gradient.div(state[0].sqrt().add_(Epsilon));
        if (momentum > 0) { direction = state[1].mul_(momentum).add_(direction); }
        value.add_(direction, alpha: -facts.Rate);
    }

    protected override void InOnePass<T>(Tensor value, Tensor gradient, UpdateState state, StepFacts facts) => Over<T, Update<T>>(value, gradient, state, new()
    {
        Decay = Vector.Create(T.CreateChecked(facts.Decay)),
        Momentum = Vector.Create(T.CreateChecked(momentum)),
        Rate = Vector.Create(T.CreateChecked(facts.Rate)),
        Alpha = Vector.Create(T.CreateChecked(Alpha)),
        Rest = Vector.Create(T.CreateChecked(1 - Alpha)),
        Epsilon = Vector.Create(T.CreateChecked(Epsilon)),
    });

    private readonly struct Update<T> : IUpdate<T> where T : unmanaged, IFloatingPointIeee754<T>
    {
        public required Vector<T> Decay { get; init; }
        public required Vector<T> Momentum { get; init; }
        public required Vector<T> Rate { get; init; }
        public required Vector<T> Alpha { get; init; }
        public required Vector<T> Rest { get; init; }
        public required Vector<T> Epsilon { get; init; }

        public Vector<T> Next(Vector<T> value, Vector<T> gradient, ref Vector<T> first, ref Vector<T> second)
        {
            gradient += Decay * value;
            first = (first * Alpha) + (gradient * gradient * Rest);
            var direction = gradient / (Vector.SquareRoot(first) + Epsilon);
            if (Momentum[0] != T.Zero) { direction = second = (second * Momentum) + direction; }
            return value - (Rate * direction);
        }
    }
}
