namespace DeepGnn.Datasets;

/// <summary>Positions of samples (graphs, clouds or clips) in their set; no sample is in two of the parts.</summary>
/// <param name="Train">Samples that train the model.</param>
/// <param name="Valid">Samples that choose the epoch.</param>
/// <param name="Test">Samples that are only reported.</param>
public sealed record SampleSplit(int[] Train, int[] Valid, int[] Test)
{
    /// <exception cref="DataException">A part is empty, names a sample that is not there, or shares one with another part.</exception>
    internal void Check(string place, string noun, int count)
    {
        var seen = new bool[count];
        foreach (var (name, part) in new[] { ("train", Train), ("valid", Valid), ("test", Test) })
        {
            if (part.Length == 0) { throw new DataException(place, $"found no {name} {noun}s, needed at least 1"); }
            foreach (var sample in part)
            {
                if ((uint)sample >= (uint)count)
                {
                    throw new DataException(place, $"found {name} {noun} {sample}, needed 0 to {count - 1}");
                }

                if (seen[sample]) { throw new DataException(place, $"found {noun} {sample} twice (again in {name}), needed it once"); }
                seen[sample] = true;
            }
        }
    }
}
