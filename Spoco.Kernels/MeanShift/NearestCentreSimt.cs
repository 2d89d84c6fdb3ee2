using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>The nearest centre of every point on ILGPU devices: a thread per point goes through the tree of the centres. Double precision decides among those that single precision leaves.</summary>
internal static class NearestCentreSimt
{
    /// <summary>Finds them.</summary>
    /// <param name="points">The points.</param>
    /// <param name="centres">The centres, rounded.</param>
    /// <param name="moved">How far at most they moved when they were rounded.</param>
    /// <param name="exact">[centres, d], not rounded.</param>
    /// <param name="numbers">[slots], receives the number of the nearest centre.</param>
    /// <param name="squares">[slots], receives its squared distance.</param>
    public static void Find(
        PointTreeViews points, PointTreeViews centres, double moved, DeviceBuffer<double> exact, DeviceBuffer<int> numbers, DeviceBuffer<double> squares) =>
        points.Device.Ilgpu.Kernel(static a => a.LoadAutoGroupedStreamKernel<
            Index1D, PointTreeView, PointTreeView, ArrayView<double>, float, float, ArrayView<int>, ArrayView<double>>(Kernel))(
            points.Shape.Slots, points.View, centres.View, exact.View, MathF.BitIncrement((float)moved), PointDistance.Safe(points.Shape.Dimensions), numbers.View, squares.View);

    /// <summary>A thread per slot; in slots without a point it finds something or other.</summary>
    private static void Kernel(
        Index1D slot, PointTreeView points, PointTreeView centres, ArrayView<double> exact, float moved, float safe, ArrayView<int> numbers, ArrayView<double> squares)
    {
        var d = points.Shape.Dimensions;
        var point = points.Point(slot.X);
        var number = 0;
        var square = double.MaxValue;
        var limit = float.MaxValue;
        for (var node = 0; node < centres.Shape.Nodes;)
        {
            // Without a way of its own for nodes that are left out: see KernelOpenCLTests.
            var isFar = centres.ToBox(point, node) * safe > limit;
            var below = centres.NodeLeaves[node];
            var first = centres.FirstLeaves[node] * PointTree.LeafPoints;
            var end = !isFar && below == 1 ? first + PointTree.LeafPoints : first;
            for (var k = first; k < end; k++)
            {
                // Slots without a centre are infinitely far away.
                if (!(point.SquareTo(centres.Point(k), d) <= limit))
                    continue;
                var other = centres.Numbers[k];
                var s = point.SquareTo(exact, (long)other * d, d);
                if (s < square || (s == square && other < number))
                {
                    number = other;
                    square = s;
                    var root = (XMath.Sqrt((float)s) + moved) * (2 - safe);
                    limit = root * root * (2 - safe) + d * 1e-36f;
                }
            }

            node += isFar ? 2 * below - 1 : 1;
        }

        numbers[slot] = number;
        squares[slot] = square;
    }
}
