namespace DeepGnn.Datasets.PointClouds;

/// <summary>Size of the generated rooms.</summary>
public sealed record IndoorRoomSpec
{
    /// <summary>Number of rooms, at least 5 (so that each split has one).</summary>
    public int Rooms { get; init; } = 30;

    /// <summary>Points P of each room.</summary>
    public int Points { get; init; } = 4_096;

    /// <summary>Standard deviation of the measuring noise in metres.</summary>
    public double Noise { get; init; } = 0.005;

    /// <summary>Equal seeds give equal rooms on every machine.</summary>
    public int Seed { get; init; }
}

/// <summary>
/// Rooms made of boxes, sampled like a scan: floor, ceiling and four walls; tables, chairs, sofas and bookcases that stand on the floor
/// and do
/// not overlap (bookcases against a wall). Points are uniform by area over all surfaces, with noise; each object has its own colour, so
/// colour alone tells no class. One split: of every five rooms three train, one chooses, one tests.
/// </summary>
public static class IndoorRooms
{
    private const int Floor = 0, Ceiling = 1, Wall = 2, Table = 3, Chair = 4, Sofa = 5, Bookcase = 6;
    private const double Gap = 0.1;

    /// <exception cref="DataSpecException">A number is out of range.</exception>
    public static PointCloudDataset Make(IndoorRoomSpec spec)
    {
        if (spec.Rooms is < 5 or > 10_000) { throw new DataSpecException("rooms", $"found {spec.Rooms}, needed 5 to 10000"); }
        if (spec.Points is < 256 or > 1_000_000 || (long)spec.Rooms * spec.Points > 100_000_000)
        {
            throw new DataSpecException(
                "points",
                $"found {spec.Points} in {spec.Rooms} rooms, needed 256 to 1000000, and at most 100000000 in all");
        }

        if (!(spec.Noise >= 0 && spec.Noise <= 1)) { throw new DataSpecException("noise", $"found {spec.Noise}, needed 0 to 1"); }

        var rooms = Enumerable.Range(0, spec.Rooms).ToArray();
        return new PointCloudDataset
        {
            Name = "rooms",
            Clouds = [.. rooms.Select(room => Room(spec, room))],
            FeatureNames = ["red", "green", "blue"],
            ClassNames = ["floor", "ceiling", "wall", "table", "chair", "sofa", "bookcase"],
            Segmentation = true,
            Splits = [new([.. rooms.Where(room => room % 5 < 3)], [.. rooms.Where(room => room % 5 == 3)], [.. rooms.Where(room => room % 5 == 4)])],
        };
    }

    private static PointCloud Room(IndoorRoomSpec spec, int number)
    {
        var random = new SeededRandom(spec.Seed, stream: 100 + number);
        var faces = Faces(random);
        var sums = new double[faces.Count];
        double total = 0;
        for (var f = 0; f < sums.Length; f++) { sums[f] = total += faces[f].Area; }

        var (positions, colors, labels) = (new float[3 * spec.Points], new float[3 * spec.Points], new int[spec.Points]);
        for (var i = 0; i < spec.Points; i++)
        {
            var at = Array.BinarySearch(sums, random.NextDouble() * total);
            var face = faces[Math.Min(at < 0 ? ~at : at, sums.Length - 1)];
            var (u, v) = (random.NextDouble(), random.NextDouble());
            for (var axis = 0; axis < 3; axis++)
            {
                positions[(3 * i) + axis] = (float)(face.Corner[axis] + (u * face.U[axis]) + (v * face.V[axis]) + (spec.Noise * random.NextGaussian()));
                colors[(3 * i) + axis] = (float)Math.Clamp(face.Color[axis] + (0.05 * random.NextGaussian()), 0, 1);
            }

            labels[i] = face.Label;
        }

        return new($"room-{number}", positions, new(spec.Points, 3, colors)) { PointLabels = labels };
    }

    private static List<Face> Faces(SeededRandom random)
    {
        var (width, depth, height) = (random.NextDouble(4, 8), random.NextDouble(4, 8), random.NextDouble(2.4, 3.4));
        var faces = new List<Face>();
        AddSide(faces, random, Floor, [0, 0, 0], [width, 0, 0], [0, depth, 0]);
        AddSide(faces, random, Ceiling, [0, 0, height], [width, 0, 0], [0, depth, 0]);
        var paint = Color(random);
        faces.Add(new(Wall, paint, [0, 0, 0], [width, 0, 0], [0, 0, height]));
        faces.Add(new(Wall, paint, [0, depth, 0], [width, 0, 0], [0, 0, height]));
        faces.Add(new(Wall, paint, [0, 0, 0], [0, depth, 0], [0, 0, height]));
        faces.Add(new(Wall, paint, [width, 0, 0], [0, depth, 0], [0, 0, height]));

        // The first of each kind stands in every room, as long as a place is found; then some more.
        var taken = new List<(double X, double Y, double W, double D)>();
        for (var k = 0; k < 8; k++)
        {
            var kind = k < 4 ? Table + k : Table + random.NextInt(4);
            var (w, d) = Footprint(random, kind);
            if (Place(random, taken, width, depth, w, d, againstWall: kind == Bookcase) is not var (x, y)) { continue; }
            taken.Add((x, y, w, d));
            AddFurniture(faces, random, kind, x, y, w, d);
        }

        return faces;
    }

    private static (double Width, double Depth) Footprint(SeededRandom random, int kind) => kind switch
    {
        Table => (random.NextDouble(0.9, 1.8), random.NextDouble(0.6, 1.0)),
        Chair => (random.NextDouble(0.4, 0.5), random.NextDouble(0.4, 0.5)),
        Sofa => (random.NextDouble(1.4, 2.2), random.NextDouble(0.8, 1.0)),
        _ => (random.NextDouble(0.8, 1.6), random.NextDouble(0.3, 0.4)),
    };

    /// <summary>A place for a footprint with a hand's breadth around it, or null after fifty tries.</summary>
    private static (double X, double Y)? Place(
        SeededRandom random, List<(double X, double Y, double W, double D)> taken, double width, double depth, double w, double d, bool againstWall)
    {
        for (var attempt = 0; attempt < 50; attempt++)
        {
            var (x, y) = (random.NextDouble(0.05, width - w - 0.05), againstWall ? depth - d - 0.02 : random.NextDouble(0.05, depth - d - 0.05));
            if (taken.TrueForAll(other => x > other.X + other.W + Gap || other.X > x + w + Gap || y > other.Y + other.D + Gap || other.Y > y + d + Gap))
            {
                return (x, y);
            }
        }

        return null;
    }

    private static void AddFurniture(List<Face> faces, SeededRandom random, int kind, double x, double y, double w, double d)
    {
        var color = Color(random);
        switch (kind)
        {
            case Table:
                var top = random.NextDouble(0.68, 0.78);
                Box(x, y, top - 0.04, w, d, 0.04);
                Legs(top - 0.04, 0.06);
                break;
            case Chair:
                Box(x, y, 0.43, w, d, 0.04);
                Box(x, y + d - 0.04, 0.47, w, 0.04, random.NextDouble(0.35, 0.5));
                Legs(0.43, 0.04);
                break;
            case Sofa:
                Box(x, y, 0, w, d, 0.42);
                Box(x, y + d - 0.2, 0.42, w, 0.2, 0.4);
                Box(x, y, 0.42, 0.18, d - 0.2, 0.2);
                Box(x + w - 0.18, y, 0.42, 0.18, d - 0.2, 0.2);
                break;
            default:
                var tall = random.NextDouble(1.6, 2.2);
                Box(x, y, 0, w, d, tall);
                for (var shelf = 0.4; shelf < tall; shelf += 0.4) { Box(x, y - 0.02, shelf, w, 0.02, 0.03); }
                break;
        }

        void Legs(double tall, double thick)
        {
            foreach (var (left, front) in new[] { (x, y), (x + w - thick, y), (x, y + d - thick), (x + w - thick, y + d - thick) })
            {
                Box(left, front, 0, thick, thick, tall);
            }
        }

        void Box(double left, double front, double bottom, double bw, double bd, double bh)
        {
            faces.Add(new(kind, color, [left, front, bottom], [bw, 0, 0], [0, bd, 0]));
            faces.Add(new(kind, color, [left, front, bottom + bh], [bw, 0, 0], [0, bd, 0]));
            faces.Add(new(kind, color, [left, front, bottom], [bw, 0, 0], [0, 0, bh]));
            faces.Add(new(kind, color, [left, front + bd, bottom], [bw, 0, 0], [0, 0, bh]));
            faces.Add(new(kind, color, [left, front, bottom], [0, bd, 0], [0, 0, bh]));
            faces.Add(new(kind, color, [left + bw, front, bottom], [0, bd, 0], [0, 0, bh]));
        }
    }

    private static void AddSide(List<Face> faces, SeededRandom random, int label, double[] corner, double[] u, double[] v) =>
        faces.Add(new(label, Color(random), corner, u, v));

    private static double[] Color(SeededRandom random) => [random.NextDouble(), random.NextDouble(), random.NextDouble()];

    /// <summary>A rectangle spanned by two edges at right angles.</summary>
    private sealed record Face(int Label, double[] Color, double[] Corner, double[] U, double[] V)
    {
        public double Area { get; } = Length(U) * Length(V);

        private static double Length(double[] edge) => Math.Sqrt(edge.Sum(x => x * x));
    }
}
