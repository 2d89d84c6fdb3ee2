using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>What the kernels of <see cref="ReachabilityTreeSimt"/> know of the forest.</summary>
internal readonly struct ReachabilityView(
    ArrayView<float> cores, ArrayView<float> leastCore, ArrayView<int> leastNumber, ArrayView<int> component, ArrayView<int> nodeComponents)
{
    /// <summary><see cref="ReachabilityForest.Cores"/>.</summary>
    public readonly ArrayView<float> Cores = cores;

    /// <summary><see cref="ReachabilityForest.LeastCore"/>.</summary>
    public readonly ArrayView<float> LeastCore = leastCore;

    /// <summary><see cref="ReachabilityForest.LeastNumber"/>.</summary>
    public readonly ArrayView<int> LeastNumber = leastNumber;

    /// <summary><see cref="ReachabilityForest.Component"/>.</summary>
    public readonly ArrayView<int> Component = component;

    /// <summary><see cref="ReachabilityForest.NodeComponents"/>.</summary>
    public readonly ArrayView<int> NodeComponents = nodeComponents;
}

/// <summary>The searches of <see cref="ReachabilityTreeSimt"/>: a thread per point.</summary>
internal static class ReachabilityKernels
{
    /// <summary>The nearest neighbour of each point that is as dense or denser, within its core distance, and its squared distance; as <see cref="DenserNeighboursHost"/>.</summary>
    public static void Denser(PointTreeView tree, ReachabilityView forest, float safe, ArrayView<int> denser, ArrayView<float> squares)
    {
        var stack = NodeStack.OfThread();
        var slot = Grid.IdxX * Group.DimX + Group.IdxX;
        if (slot >= tree.Shape.Slots)
            return;
        var number = tree.Numbers[slot];
        var point = tree.Point(slot);
        var core = forest.Cores[slot];
        var bound = number < 0 ? -1f : core;
        var best = -1;
        var bestNumber = int.MaxValue;
        stack.PushRoot();
        while (stack.Pop(out var node, out var distance))
        {
            if (distance > bound || (distance == bound && forest.LeastNumber[node] >= bestNumber) || forest.LeastCore[node] > core)
                continue;
            if (tree.NodeLeaves[node] == 1)
            {
                var from = tree.FirstLeaves[node] * PointTree.LeafPoints;
                for (var other = from; other < from + PointTree.LeafPoints; other++)
                {
                    var otherCore = forest.Cores[other];
                    var otherNumber = tree.Numbers[other];
                    if (otherNumber < 0 || otherCore > core || otherNumber == number)
                        continue;
                    var square = point.SquareTo(tree.Point(other), tree.Shape.Dimensions);
                    if (square < bound || (square == bound && otherNumber < bestNumber))
                    {
                        bound = square;
                        best = other;
                        bestNumber = otherNumber;
                    }
                }

                continue;
            }

            stack.PushChildren(tree, point, node, safe, forest.LeastNumber);
        }

        denser[slot] = best;
        squares[slot] = bound;
    }

    /// <summary>
    /// The first edge of each point to another component: reachability, distance and the other end's number, -1 where no edge comes before what was known of the component. Bounds hold the bits of
    /// the smallest reachability that leaves each component; a thread that reads an older one searches more than it must.
    /// </summary>
    public static void Nearest(
        PointTreeView tree, ReachabilityView forest, float safe, ArrayView<int> bounds, ArrayView<float> reachabilities, ArrayView<float> squares,
        ArrayView<int> numbers)
    {
        var stack = NodeStack.OfThread();
        var slot = Grid.IdxX * Group.DimX + Group.IdxX;
        if (slot >= tree.Shape.Slots)
            return;
        var component = forest.Component[slot];
        var number = tree.Numbers[slot];
        var point = tree.Point(slot);
        var core = forest.Cores[slot];
        var best = float.MaxValue;
        var bestSquare = float.MaxValue;
        var bestNumber = -1;
        if (number >= 0)
            stack.PushRoot();
        while (stack.Pop(out var node, out var distance))
        {
            var least = XMath.Max(distance, XMath.Max(forest.LeastCore[node], core));
            if (least > XMath.Min(best, Interop.IntAsFloat((uint)bounds[component])) || (least == best && distance > bestSquare) || forest.NodeComponents[node] == component)
                continue;
            if (tree.NodeLeaves[node] == 1)
            {
                var from = tree.FirstLeaves[node] * PointTree.LeafPoints;
                for (var other = from; other < from + PointTree.LeafPoints; other++)
                {
                    var otherNumber = tree.Numbers[other];
                    if (otherNumber < 0 || forest.Component[other] == component)
                        continue;
                    var square = point.SquareTo(tree.Point(other), tree.Shape.Dimensions);
                    var reachability = XMath.Max(square, XMath.Max(core, forest.Cores[other]));
                    if (reachability < best || (reachability == best && (square < bestSquare || (square == bestSquare && otherNumber < bestNumber))))
                    {
                        best = reachability;
                        bestSquare = square;
                        bestNumber = otherNumber;
                    }
                }

                if (bestNumber >= 0)
                    Atomic.Min(ref bounds[component], (int)Interop.FloatAsInt(best));
                continue;
            }

            stack.PushChildren(tree, point, node, safe, tree.FirstLeaves);
        }

        reachabilities[slot] = best;
        squares[slot] = bestSquare;
        numbers[slot] = bestNumber;
    }
}
