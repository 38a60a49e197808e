namespace DeepGnn.Datasets;

/// <summary>
/// Random numbers for generated data and splits: the same seed gives the same numbers on every machine and version, which
/// <see cref="Random"/> does not promise. SplitMix64 (Steele, Lea, Flood, Fast Splittable Pseudorandom Number Generators, 2014).
/// </summary>
internal sealed class SeededRandom(ulong seed)
{
    private ulong _state = seed;

    public SeededRandom(int seed, int stream) : this((ulong)(uint)seed | ((ulong)(uint)stream << 32)) => Next();

    /// <summary>A stream for each epoch, so that what an epoch draws does not depend on the epochs before it.</summary>
    public SeededRandom(int seed, int stream, int epoch) : this(new SeededRandom(seed, stream).Next() ^ (uint)epoch) => Next();

    public ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        var mixed = _state;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }

    /// <summary>Uniform in [0, 1), a multiple of 2^-53.</summary>
    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));

    public double NextDouble(double low, double high) => low + ((high - low) * NextDouble());

    /// <summary>Uniform in [0, <paramref name="count"/>), by multiplication: biased by less than count / 2^64.</summary>
    public int NextInt(int count) => (int)Math.BigMul(Next(), (ulong)count, out _);

    /// <summary>Standard normal, by Box and Muller's method.</summary>
    public double NextGaussian() => Math.Sqrt(-2 * Math.Log(1 - NextDouble())) * Math.Cos(2 * Math.PI * NextDouble());

    public void Shuffle(Span<int> values)
    {
        for (var i = values.Length - 1; i > 0; i--)
        {
            var j = NextInt(i + 1);
            (values[i], values[j]) = (values[j], values[i]);
        }
    }
}
