namespace Contracts;

/// <summary>
/// Everything that decides the outcome of a training run. The same document is posted to the API, stored with the run and handed to
/// the Trainer process; two runs of one spec on one machine give the same numbers.
/// </summary>
public sealed record RunSpec
{
    /// <summary>A label for people; when empty, one is made from the model and the dataset.</summary>
    public string Name { get; init; } = "";

    /// <summary>Runs that belong together (a comparison, a sweep) share a group label.</summary>
    public string? Group { get; init; }

    /// <summary>Decides initial weights, dropout masks and generated data.</summary>
    public int Seed { get; init; }

    public required DataSpec Data { get; init; }

    public required ModelSpec Model { get; init; }

    public required TrainingSpec Training { get; init; }
}

public sealed record DataSpec
{
    /// <summary>A name from the catalogue, for example "cora" or "karate".</summary>
    public required string Dataset { get; init; }

    /// <summary>Which of the data set's splits, counted from 0; sets with one public split have only 0.</summary>
    public int Split { get; init; }

    /// <summary>Divide each node's features by the sum of their absolute values, as the GCN and GCNII papers do.</summary>
    public bool RowNormalize { get; init; } = true;

    /// <summary>
    /// Each node feature minus its mean, divided by its deviation, both over the train nodes (or graphs) alone; after row normalisation.
    /// </summary>
    public bool Standardize { get; init; }

    /// <summary>Both directions of each edge, once, without self-loops; for sets of directed graphs without edge features.</summary>
    public bool Undirected { get; init; }

    /// <summary>A self-loop at each node that has none, for convolutions that add none of their own.</summary>
    public bool SelfLoops { get; init; }

    /// <summary>Size and difficulty of the generated set "sbm"; must be absent for every other set.</summary>
    public SbmSpec? Sbm { get; init; }
}

/// <summary>
/// A stochastic block model: nodes in equal blocks, an edge between two nodes of one block with a higher probability than between
/// blocks, and features drawn around a mean per block. Made anew from <see cref="Seed"/> each time.
/// </summary>
public sealed record SbmSpec
{
    public int Nodes { get; init; } = 1_000;
    public int Classes { get; init; } = 5;
    public int Features { get; init; } = 16;

    /// <summary>Expected number of neighbours in a node's own block, and in all other blocks together.</summary>
    public double DegreeWithin { get; init; } = 8;
    public double DegreeBetween { get; init; } = 2;

    /// <summary>Distance of the blocks' feature means in standard deviations of the noise.</summary>
    public double Separation { get; init; } = 1;

    public int Seed { get; init; }
}
