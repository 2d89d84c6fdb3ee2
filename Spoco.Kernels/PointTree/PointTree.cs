namespace Spoco.Kernels.Primitives;

/// <summary>
/// Points [n, d] in a balanced k-d tree (Bentley 1975), in host memory. Points that lie near each other lie together: every leaf holds <see cref="LeafPoints"/> of them, the last one
/// what is left, transposed so that distances to a leaf are computed a register of points at a time. A node is split at the median of its widest component; which points go left
/// depends on nothing but their values and numbers. Nodes are numbered depth first: the first child of a node follows it, and behind the nodes below it comes <see cref="Next"/>.
/// A slot is the place of a point: leaf * <see cref="LeafPoints"/> + number within the leaf.
/// </summary>
internal sealed unsafe class PointTree : IDisposable
{
    /// <summary>Points of a leaf: four registers of 512 bits.</summary>
    public const int LeafPoints = 64;

    /// <summary>Components that boxes are padded to a multiple of, with zeros.</summary>
    public const int BoxLanes = 16;

    private readonly HostScratch _scratch;

    /// <summary>Builds the tree on all workers.</summary>
    /// <param name="host">Where it lies and is built.</param>
    /// <param name="points">n * d finite values, point by point; copied.</param>
    /// <param name="count">Points, n: at least 1, at most 2^30.</param>
    /// <param name="dimensions">Components, d: at least 1.</param>
    /// <exception cref="DeviceMemoryException">The memory limit of the host is too small.</exception>
    public PointTree(HostDevice host, ReadOnlySpan<float> points, int count, int dimensions)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, 1 << 30);
        if (points.Length != (long)count * dimensions)
            throw new ArgumentException($"PointTree: {points.Length} values are not {count} points with {dimensions} components.");
        Host = host;
        Count = count;
        Dimensions = dimensions;
        Leaves = (count + LeafPoints - 1) / LeafPoints;
        Nodes = 2 * Leaves - 1;
        BoxStride = (dimensions + BoxLanes - 1) / BoxLanes * BoxLanes;
        _scratch = new HostScratch(host, nameof(PointTree));
        try
        {
            Tiles = _scratch.Take<float>((long)Slots * dimensions);
            Numbers = _scratch.Take<int>(Slots);
            Boxes = _scratch.Take<float>(2L * Nodes * BoxStride);
            FirstLeaf = _scratch.Take<int>(Nodes);
            NodeLeaves = _scratch.Take<int>(Nodes);
            LeafNodes = _scratch.Take<int>(Leaves);
            fixed (float* values = points)
                new PointTreeBuilder(_scratch, this, values).Build();
        }
        catch
        {
            _scratch.Dispose();
            throw;
        }
    }

    /// <summary>Where it lies.</summary>
    public HostDevice Host { get; }

    /// <summary>Points, n.</summary>
    public int Count { get; }

    /// <summary>Components of a point, d.</summary>
    public int Dimensions { get; }

    /// <summary>Leaves.</summary>
    public int Leaves { get; }

    /// <summary>Nodes, leaves included.</summary>
    public int Nodes { get; }

    /// <summary>Places of points: <see cref="LeafPoints"/> per leaf.</summary>
    public int Slots => Leaves * LeafPoints;

    /// <summary>[leaves][d][<see cref="LeafPoints"/>]: the points of each leaf. In slots without a point every component is infinite, and so is every distance.</summary>
    public float* Tiles { get; }

    /// <summary>[slots]: number of the point in each slot, -1 where there is none: at the end of the last leaf.</summary>
    public int* Numbers { get; }

    /// <summary>Distance between the least and the greatest components of a box, d padded to whole registers.</summary>
    public int BoxStride { get; }

    /// <summary>[nodes][2][<see cref="BoxStride"/>]: least and greatest components of the points below each node.</summary>
    public float* Boxes { get; }

    /// <summary>[nodes]: the first leaf below each node.</summary>
    public int* FirstLeaf { get; }

    /// <summary>[leaves]: the node of each leaf.</summary>
    public int* LeafNodes { get; }

    /// <summary>[nodes]: leaves below each node, itself included; 1 = it is a leaf.</summary>
    public int* NodeLeaves { get; }

    /// <summary>Its geometry.</summary>
    public PointTreeShape Shape => new(Count, Dimensions, Leaves, BoxStride);

    /// <summary>Points of a leaf.</summary>
    public int LeafCount(int leaf) => Math.Min(LeafPoints, Count - leaf * LeafPoints);

    /// <summary>A bit for each point of a leaf, by its number within the leaf.</summary>
    public ulong All(int leaf) => ulong.MaxValue >> (LeafPoints - LeafCount(leaf));

    /// <summary>The tile of a leaf.</summary>
    public float* Tile(int leaf) => Tiles + (long)leaf * LeafPoints * Dimensions;

    /// <summary>The box of a node.</summary>
    public float* Box(int node) => Boxes + 2L * node * BoxStride;

    /// <summary>The second child of a node that is no leaf; the first one is node + 1.</summary>
    public int SecondChild(int node) => node + 2 * FirstHalf(NodeLeaves[node]);

    /// <summary>The node behind all below this one.</summary>
    public int Next(int node) => node + 2 * NodeLeaves[node] - 1;

    /// <summary>Of the leaves below a node, those below its first child.</summary>
    public static int FirstHalf(int leaves) => (leaves + 1) / 2;

    /// <inheritdoc/>
    public void Dispose() => _scratch.Dispose();
}
