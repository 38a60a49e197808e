namespace DeepGnn.Datasets.PointClouds;

/// <summary>
/// Reads a mesh in OFF text (Geomview's Object File Format, as ModelNet comes in) and samples its surface: points uniform by area, so that
/// large faces get many and no face none by rule. Some files of ModelNet have the counts on the line of "OFF"; both forms are read.
/// </summary>
public static class OffReader
{
    private const int MaxCorners = 1_000;

    /// <param name="path">The file.</param>
    /// <param name="points">Points P to sample.</param>
    /// <param name="seed">Equal seeds give equal points on every machine.</param>
    /// <exception cref="DataException">The file is cut or damaged or has no area: names line, found and needed.</exception>
    public static PointCloud Sample(string path, int points, int seed)
    {
        var (vertices, triangles) = ReadMesh(path);
        var areas = new double[triangles.Count];
        double total = 0;
        for (var t = 0; t < areas.Length; t++) { areas[t] = total += Area(vertices, triangles[t]); }
        if (!(total > 0)) { throw new DataException(path, "found a surface without area, needed at least one face with some"); }

        var random = new SeededRandom(seed, stream: 6);
        var positions = new float[3 * points];
        for (var i = 0; i < points; i++)
        {
            var at = Array.BinarySearch(areas, random.NextDouble() * total);
            var (a, b, c) = triangles[Math.Min(at < 0 ? ~at : at, areas.Length - 1)];

            // Uniform in a triangle: Osada et al., Shape Distributions, 2002, section 4.2.
            var (root, share) = (Math.Sqrt(random.NextDouble()), random.NextDouble());
            for (var axis = 0; axis < 3; axis++)
            {
                var (va, vb, vc) = (vertices[(3 * a) + axis], vertices[(3 * b) + axis], vertices[(3 * c) + axis]);
                positions[(3 * i) + axis] = (float)(((1 - root) * va) + (root * (1 - share) * vb) + (root * share * vc));
            }
        }

        return new(Path.GetFileNameWithoutExtension(path), positions, new(points, 0, []));
    }

    private static (float[] Vertices, List<(int A, int B, int C)> Triangles) ReadMesh(string path)
    {
        var number = 0;
        using var lines = FileReading.Lines(path).GetEnumerator();
        var head = Next();
        if (!head[0].StartsWith("OFF", StringComparison.Ordinal))
        {
            throw new DataException(path, $"line {number}: found {CsvReader.Shorten(head[0])}, needed OFF");
        }

        string[] counts = head[0].Length > 3 ? [head[0][3..], .. head[1..]] : head.Length > 1 ? head[1..] : Next();
        if (counts.Length < 2) { throw new DataException(path, $"line {number}: found {counts.Length} counts, needed vertices and faces"); }
        var vertexCount = CsvReader.Int(path, number, counts[0], 0, int.MaxValue / 3);
        var faceCount = CsvReader.Int(path, number, counts[1], 0, int.MaxValue);

        var vertices = new List<float>();
        for (var v = 0; v < vertexCount; v++)
        {
            var words = Next();
            if (words.Length < 3) { throw new DataException(path, $"line {number}: found {words.Length} coordinates, needed 3"); }
            for (var axis = 0; axis < 3; axis++) { vertices.Add(CsvReader.Float(path, number, words[axis])); }
        }

        var triangles = new List<(int, int, int)>();
        for (var f = 0; f < faceCount; f++)
        {
            var words = Next();
            var corners = CsvReader.Int(path, number, words[0], 1, MaxCorners);
            if (words.Length <= corners)
            {
                throw new DataException(path, $"line {number}: found {words.Length - 1} corners, needed {corners}");
            }

            var face = Array.ConvertAll(words[1..(corners + 1)], word => CsvReader.Int(path, number, word, 0, vertexCount - 1));
            for (var k = 2; k < face.Length; k++) { triangles.Add((face[0], face[k - 1], face[k])); }
        }

        return ([.. vertices], triangles);

        string[] Next()
        {
            while (lines.MoveNext())
            {
                number++;
                var words = lines.Current.Split('#')[0].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
                if (words.Length > 0) { return words; }
            }

            throw new DataException(path, $"line {number + 1}: found the end of the file: it is cut");
        }
    }

    private static double Area(float[] v, (int A, int B, int C) t)
    {
        Span<double> u = stackalloc double[3];
        Span<double> w = stackalloc double[3];
        for (var axis = 0; axis < 3; axis++)
        {
            u[axis] = (double)v[(3 * t.B) + axis] - v[(3 * t.A) + axis];
            w[axis] = (double)v[(3 * t.C) + axis] - v[(3 * t.A) + axis];
        }

        var (x, y, z) = ((u[1] * w[2]) - (u[2] * w[1]), (u[2] * w[0]) - (u[0] * w[2]), (u[0] * w[1]) - (u[1] * w[0]));
        return Math.Sqrt((x * x) + (y * y) + (z * z)) / 2;
    }
}
