using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Means of the points in balls on ILGPU devices: a group per ball. Its threads look at subtrees, at the leaves of those that the ball may reach into, and at the points of each such leaf. Sums
/// are of double precision, added leaf by leaf by threads that keep to a component each: groups of one size, same bits.
/// </summary>
internal sealed class BallMeansSimt : IBallMeans, IDisposable
{
    /// <summary>Most components of a point.</summary>
    public const int MostDimensions = 64;

    /// <summary>Points of a leaf, and most leaves of a subtree and threads of a group.</summary>
    private const int Most = PointTree.LeafPoints;

    private readonly DeviceScratch _scratch;
    private readonly PointTreeViews _tree;
    private readonly double _radius;
    private readonly int _groupSize;
    private readonly DeviceBuffer<int> _leafNodes;
    private readonly DeviceBuffer<int> _subtrees;
    private readonly DeviceBuffer<double> _centres;
    private readonly DeviceBuffer<BallLimits> _limits;
    private readonly DeviceBuffer<double> _means;
    private readonly DeviceBuffer<int> _counts;
    private readonly BallLimits[] _hostLimits;

    /// <summary>Means in at most so many balls of radius h at a time.</summary>
    public unsafe BallMeansSimt(IlgpuDevice gpu, PointTreeViews tree, double radius, int balls)
    {
        (_tree, _radius) = (tree, radius);
        _groupSize = Math.Min(Most, gpu.Accelerator.MaxNumThreadsPerGroup);
        _hostLimits = new BallLimits[balls];
        _scratch = new DeviceScratch(gpu, nameof(MeanShift));
        try
        {
            _leafNodes = _scratch.Upload(new ReadOnlySpan<int>(tree.Host.LeafNodes, tree.Shape.Leaves));
            _subtrees = _scratch.Upload<int>(Subtrees(tree.Host));
            _centres = _scratch.Take<double>((long)balls * tree.Shape.Dimensions);
            _limits = _scratch.Take<BallLimits>(balls);
            _means = _scratch.Take<double>((long)balls * tree.Shape.Dimensions);
            _counts = _scratch.Take<int>(balls);
        }
        catch
        {
            _scratch.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Of(ReadOnlySpan<double> centres, Span<double> means, Span<int> counts)
    {
        if (counts.Length == 0)
            return;
        var d = _tree.Shape.Dimensions;
        for (var b = 0; b < counts.Length; b++)
            _hostLimits[b] = BallLimits.Around(centres.Slice(b * d, d), _radius);
        _centres.Slice(0, centres.Length).CopyFrom(centres);
        _limits.Slice(0, counts.Length).CopyFrom(_hostLimits.AsSpan(0, counts.Length));
        _scratch.Gpu.Kernel(static a => a.LoadStreamKernel<
            PointTreeView, double, ArrayView<int>, ArrayView<int>, ArrayView<double>, ArrayView<BallLimits>, ArrayView<double>, ArrayView<int>>(Kernel))(
            (counts.Length, _groupSize), _tree.View, _radius * _radius, _leafNodes.View, _subtrees.View, _centres.View, _limits.View, _means.View, _counts.View);
        _means.Slice(0, means.Length).CopyTo(means);
        _counts.Slice(0, counts.Length).CopyTo(counts);
    }

    /// <inheritdoc/>
    public void Dispose() => _scratch.Dispose();

    /// <summary>The nodes of the largest subtrees of at most <see cref="Most"/> leaves.</summary>
    private static unsafe int[] Subtrees(PointTree tree)
    {
        var subtrees = new List<int>();
        for (var node = 0; node < tree.Nodes;)
        {
            var isSmall = tree.NodeLeaves[node] <= Most;
            if (isSmall)
                subtrees.Add(node);
            node = isSmall ? tree.Next(node) : node + 1;
        }

        return [.. subtrees];
    }

    /// <summary>A group per ball. All its threads go through the same subtrees and leaves, which they read in shared memory.</summary>
    private static void Kernel(
        PointTreeView tree, double square, ArrayView<int> leafNodes, ArrayView<int> subtrees, ArrayView<double> centres, ArrayView<BallLimits> limits, ArrayView<double> means,
        ArrayView<int> counts)
    {
        var centre = SharedMemory.Allocate1D<double>(MostDimensions);
        var roundedValues = SharedMemory.Allocate1D<float>(MostDimensions);
        var totals = SharedMemory.Allocate1D<double>(Most);
        var reached = SharedMemory.Allocate1D<int>(Most);
        var leaves = SharedMemory.Allocate1D<int>(Most);
        var inside = SharedMemory.Allocate1D<int>(Most);
        var t = Group.IdxX;
        var d = tree.Shape.Dimensions;
        var limit = limits[Grid.IdxX];
        var rounded = new PointView(roundedValues, 0, 1);
        for (var c = t; c < d; c += Group.DimX)
        {
            centre[c] = centres[(long)Grid.IdxX * d + c];
            roundedValues[c] = (float)centre[c];
        }

        // Threads left over from the components share the points of a leaf.
        var parts = XMath.Max(1, Group.DimX / d);
        for (var k = t; k < parts * d; k += Group.DimX)
            totals[k] = 0;
        var count = 0;
        for (var first = 0; first < subtrees.Length; first += Group.DimX)
        {
            // The centre is there, and all have read what was reached before.
            Group.Barrier();
            reached[t] = first + t < subtrees.Length && tree.ToBox(rounded, subtrees[first + t]) <= limit.Far ? 1 : 0;
            Group.Barrier();
            for (var s = Next(reached, 0, Group.DimX); s < Group.DimX; s = Next(reached, s + 1, Group.DimX))
            {
                var firstLeaf = tree.FirstLeaves[subtrees[first + s]];
                var number = tree.NodeLeaves[subtrees[first + s]];
                for (var l = t; l < Most; l += Group.DimX)
                    leaves[l] = l < number && tree.ToBox(rounded, leafNodes[firstLeaf + l]) <= limit.Far ? 1 : 0;
                Group.Barrier();
                for (var l = Next(leaves, 0, Most); l < Most; l = Next(leaves, l + 1, Most))
                {
                    var tile = (long)(firstLeaf + l) * d * Most;
                    for (var p = t; p < Most; p += Group.DimX)
                    {
                        inside[p] = IsInside(tree.Point((firstLeaf + l) * Most + p), d, rounded, centre, limit, square) ? 1 : 0;
                        count += inside[p];
                    }

                    Group.Barrier();
                    for (var k = t; k < parts * d; k += Group.DimX)
                        totals[k] += Sum(tree.Tiles, tile + (long)(k % d) * Most, inside, k / d, parts);
                    Group.Barrier();
                }

                // All have read which leaves are reached.
                Group.Barrier();
            }
        }

        count = GroupReduction.ToAll(count, default(IntegerSum));
        for (var c = t; c < d; c += Group.DimX)
        {
            var sum = 0.0;
            for (var part = 0; part < parts; part++)
                sum += totals[part * d + c];
            means[(long)Grid.IdxX * d + c] = sum / XMath.Max(1, count);
        }

        if (t == 0)
            counts[Grid.IdxX] = count;
    }

    /// <summary>The first place from one on that is marked; the end where none is.</summary>
    private static int Next(ArrayView<int> marks, int from, int end)
    {
        while (from < end && marks[from] == 0)
            from++;
        return from;
    }

    private static bool IsInside(PointView point, int dimensions, PointView rounded, ArrayView<double> centre, BallLimits limit, double square)
    {
        var s = point.SquareTo(rounded, dimensions);
        if (s <= limit.Near || !(s <= limit.Far))
            return s <= limit.Near;
        return point.SquareTo(centre, 0, dimensions) <= square;
    }

    /// <summary>The sum of a component of those points inside that belong to a part.</summary>
    private static double Sum(ArrayView<float> tiles, long component, ArrayView<int> inside, int part, int parts)
    {
        var sum = 0.0;
        for (var p = Most * part / parts; p < Most * (part + 1) / parts; p++)
        {
            if (inside[p] != 0)
                sum += tiles[component + p];
        }

        return sum;
    }
}
