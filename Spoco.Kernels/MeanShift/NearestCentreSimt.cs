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
            Index1D, PointTreeShape, ArrayView<float>, PointTreeShape, ArrayView<float>, ArrayView<int>, ArrayView<float>, ArrayView<int>, ArrayView<double>, float, float, ArrayView<int>,
            ArrayView<double>>(Kernel))(
            points.Shape.Slots, points.Shape, points.Tiles.View, centres.Shape, centres.Tiles.View, centres.Numbers.View, centres.Boxes.View, centres.NodeLeaves.View, exact.View,
            MathF.BitIncrement((float)moved), PointDistance.Safe(points.Shape.Dimensions), numbers.View, squares.View);

    /// <summary>A thread per slot; in slots without a point it finds something or other.</summary>
    private static void Kernel(
        Index1D slot, PointTreeShape points, ArrayView<float> tiles, PointTreeShape centres, ArrayView<float> centreTiles, ArrayView<int> centreNumbers, ArrayView<float> boxes,
        ArrayView<int> nodeLeaves, ArrayView<double> exact, float moved, float safe, ArrayView<int> numbers, ArrayView<double> squares)
    {
        var d = points.Dimensions;
        var point = (long)(slot.X / PointTree.LeafPoints) * d * PointTree.LeafPoints + slot.X % PointTree.LeafPoints;
        var number = 0;
        var square = double.MaxValue;
        var limit = float.MaxValue;
        var leaf = 0;
        for (var node = 0; node < centres.Nodes;)
        {
            var below = nodeLeaves[node];
            if (ToBox(tiles, point, boxes, 2L * node * centres.BoxStride, centres.BoxStride, d) * safe > limit)
            {
                node += 2 * below - 1;
                leaf += below;
                continue;
            }

            node++;
            if (below > 1)
                continue;
            for (var j = 0; j < PointTree.LeafPoints; j++)
            {
                // Slots without a centre are infinitely far away.
                if (!(Square(tiles, point, centreTiles, (long)leaf * d * PointTree.LeafPoints + j, d) <= limit))
                    continue;
                var other = centreNumbers[leaf * PointTree.LeafPoints + j];
                var s = Square(tiles, point, exact, (long)other * d, d);
                if (s < square || (s == square && other < number))
                {
                    number = other;
                    square = s;
                    var root = (XMath.Sqrt((float)s) + moved) * (2 - safe);
                    limit = root * root * (2 - safe) + d * 1e-36f;
                }
            }

            leaf++;
        }

        numbers[slot] = number;
        squares[slot] = square;
    }

    private static float ToBox(ArrayView<float> tiles, long point, ArrayView<float> boxes, long box, int stride, int dimensions)
    {
        var sum = 0f;
        for (var c = 0; c < dimensions; c++)
        {
            var x = tiles[point + c * PointTree.LeafPoints];
            var gap = XMath.Max(XMath.Max(boxes[box + c] - x, x - boxes[box + stride + c]), 0f);
            sum += gap * gap;
        }

        return sum;
    }

    private static float Square(ArrayView<float> tiles, long point, ArrayView<float> centreTiles, long centre, int dimensions)
    {
        var sum = 0f;
        for (var c = 0; c < dimensions; c++)
        {
            var difference = tiles[point + c * PointTree.LeafPoints] - centreTiles[centre + c * PointTree.LeafPoints];
            sum += difference * difference;
        }

        return sum;
    }

    private static double Square(ArrayView<float> tiles, long point, ArrayView<double> exact, long centre, int dimensions)
    {
        var sum = 0.0;
        for (var c = 0; c < dimensions; c++)
        {
            var difference = tiles[point + c * PointTree.LeafPoints] - exact[centre + c];
            sum += difference * difference;
        }

        return sum;
    }
}
