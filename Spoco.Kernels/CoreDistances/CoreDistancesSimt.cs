using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Core distances on ILGPU devices: a thread per point keeps the squared distances below its bound, in memory that lies component by component for threads side by side. When it is full,
/// the bound becomes their k-th smallest, found by bisection of the bits, and those above are dropped. Points are taken so many at a time as memory for them is taken.
/// </summary>
internal sealed class CoreDistancesSimt : CoreDistancesAlgorithm
{
    /// <summary>Distances that are taken beyond the k smallest before they are looked through.</summary>
    private const int Slack = 128;

    /// <summary>Most memory for kept distances, in floats.</summary>
    private const long MostKept = 1 << 26;

    /// <inheritdoc/>
    public override string Name => "threads";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in PointTreeShape tree) => !device.OnHost;

    /// <inheritdoc/>
    public override void Compute(PointTreeViews tree, int neighbours, DeviceBuffer<float> squares, CancellationToken cancellation)
    {
        var gpu = tree.Device.Ilgpu;
        using var scratch = DeviceScratch.On(gpu, nameof(CoreDistances));
        var capacity = neighbours + Slack;
        var slots = tree.Shape.Slots;
        var together = (int)Math.Clamp(MostKept / capacity, PointTree.LeafPoints, slots);
        var kept = scratch.Take<float>((long)together * capacity);
        for (var first = 0; first < slots; first += together)
        {
            cancellation.ThrowIfCancellationRequested();
            var points = Math.Min(together, slots - first);
            gpu.Kernel(static d => d.LoadStreamKernel<PointTreeView, int, int, int, int, int, float, ArrayView<float>, ArrayView<float>>(SearchKernel))(
                PointTreeView.Groups(gpu, points), tree.View, first, points, together, neighbours, capacity, PointDistance.Safe(tree.Shape.Dimensions), kept.View, squares.View);
        }
    }

    private static void SearchKernel(
        PointTreeView tree, int first, int points, int together, int neighbours, int capacity, float safe, ArrayView<float> kept, ArrayView<float> squares)
    {
        var stack = NodeStack.OfThread();
        var i = Grid.IdxX * Group.DimX + Group.IdxX;
        if (i >= points)
            return;
        var slot = first + i;
        if (tree.Numbers[slot] < 0)
        {
            squares[slot] = float.PositiveInfinity;
            return;
        }

        var point = tree.Point(slot);
        var bound = float.PositiveInfinity;
        var count = 0;
        stack.PushRoot();
        while (stack.Pop(out var node, out var least))
        {
            if (least >= bound)
                continue;
            if (tree.NodeLeaves[node] == 1)
            {
                var from = tree.FirstLeaves[node] * PointTree.LeafPoints;
                for (var other = from; other < from + PointTree.LeafPoints; other++)
                {
                    var distance = point.SquareTo(tree.Point(other), tree.Shape.Dimensions);
                    if (!(distance < bound))
                        continue;
                    kept[(long)count * together + i] = distance;
                    count++;
                    if (count < capacity)
                        continue;
                    bound = Select(kept, i, together, count, neighbours);
                    count = Keep(kept, i, together, count, neighbours, bound);
                }

                continue;
            }

            stack.PushChildren(tree, point, node, safe, tree.FirstLeaves);
        }

        squares[slot] = Select(kept, i, together, count, neighbours);
    }

    /// <summary>The k-th smallest of a thread's distances: the bits of floats that are not negative order like integers.</summary>
    private static float Select(ArrayView<float> kept, int thread, int together, int count, int k)
    {
        int least = int.MaxValue, greatest = 0;
        for (var j = 0; j < count; j++)
        {
            var bits = (int)Interop.FloatAsInt(kept[(long)j * together + thread]);
            least = XMath.Min(least, bits);
            greatest = XMath.Max(greatest, bits);
        }

        while (least < greatest)
        {
            var middle = least + ((greatest - least) >> 1);
            var within = 0;
            for (var j = 0; j < count; j++)
                within += (int)Interop.FloatAsInt(kept[(long)j * together + thread]) <= middle ? 1 : 0;
            if (within >= k)
                greatest = middle;
            else
                least = middle + 1;
        }

        return Interop.IntAsFloat((uint)greatest);
    }

    /// <summary>Keeps the distances below the bound, which is the k-th, and as many equal to it as make k.</summary>
    private static int Keep(ArrayView<float> kept, int thread, int together, int count, int k, float bound)
    {
        var n = 0;
        for (var j = 0; j < count; j++)
        {
            var distance = kept[(long)j * together + thread];
            if (!(distance < bound))
                continue;
            kept[(long)n * together + thread] = distance;
            n++;
        }

        for (; n < k; n++)
            kept[(long)n * together + thread] = bound;
        return n;
    }
}
