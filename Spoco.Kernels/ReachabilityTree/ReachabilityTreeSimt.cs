using ILGPU;
using ILGPU.Runtime;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// The spanning tree on ILGPU devices: threads search for their points, the host joins what they found. A round takes one launch and three downloads; joining 200,000 points takes the
/// host a few milliseconds.
/// </summary>
internal sealed unsafe class ReachabilityTreeSimt : ReachabilityTreeAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "threads";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in PointTreeShape tree) => !device.OnHost;

    /// <inheritdoc/>
    public override ReachabilityEdge[] Edges(PointTreeViews tree, DeviceBuffer<float> cores, CancellationToken cancellation)
    {
        var gpu = tree.Device.Ilgpu;
        using var scratch = DeviceScratch.On(gpu, nameof(ReachabilityTree));
        using var memory = new HostScratch(tree.Host.Host, nameof(ReachabilityTree));
        var (slots, nodes) = (tree.Shape.Slots, tree.Shape.Nodes);
        var downloaded = memory.Take<float>(slots);
        cores.CopyTo(new Span<float>(downloaded, slots));
        var forest = new ReachabilityForest(tree.Host, downloaded, memory);

        var leastCore = scratch.Upload(new ReadOnlySpan<float>(forest.LeastCore, nodes));
        var leastNumber = scratch.Upload(new ReadOnlySpan<int>(forest.LeastNumber, nodes));
        var component = scratch.Take<int>(slots);
        var nodeComponents = scratch.Take<int>(nodes);
        var view = new ReachabilityView(cores.View, leastCore.View, leastNumber.View, component.View, nodeComponents.View);
        var safe = PointDistance.Safe(tree.Shape.Dimensions);
        var groups = PointTreeView.Groups(gpu, slots);
        var numbers = scratch.Take<int>(slots);
        var squares = scratch.Take<float>(slots);
        gpu.Kernel(static d => d.LoadStreamKernel<PointTreeView, ReachabilityView, float, ArrayView<int>, ArrayView<float>>(ReachabilityKernels.Denser))(
            groups, tree.View, view, safe, numbers.View, squares.View);
        numbers.CopyTo(new Span<int>(forest.Denser, slots));
        squares.CopyTo(new Span<float>(forest.DenserDistance, slots));
        forest.JoinDenser();
        if (forest.Components == 1)
            return forest.Edges;

        var bounds = scratch.Take<int>(forest.Components);
        var reachabilities = scratch.Take<float>(slots);
        var foundNumbers = memory.Take<int>(slots);
        var foundSquares = memory.Take<float>(slots);
        var foundReachabilities = memory.Take<float>(slots);
        var unbounded = new int[forest.Components];
        Array.Fill(unbounded, BitConverter.SingleToInt32Bits(float.MaxValue));
        while (forest.Components > 1)
        {
            cancellation.ThrowIfCancellationRequested();
            forest.NameNodes();
            component.CopyFrom(new ReadOnlySpan<int>(forest.Component, slots));
            nodeComponents.CopyFrom(new ReadOnlySpan<int>(forest.NodeComponents, nodes));
            bounds.CopyFrom(unbounded);
            gpu.Kernel(static d => d.LoadStreamKernel<
                PointTreeView, ReachabilityView, float, ArrayView<int>, ArrayView<float>, ArrayView<float>, ArrayView<int>>(ReachabilityKernels.Nearest))(
                groups, tree.View, view, safe, bounds.View, reachabilities.View, squares.View, numbers.View);
            numbers.CopyTo(new Span<int>(foundNumbers, slots));
            squares.CopyTo(new Span<float>(foundSquares, slots));
            reachabilities.CopyTo(new Span<float>(foundReachabilities, slots));
            forest.TakeFirst(foundReachabilities, foundSquares, foundNumbers);
            forest.JoinNearest();
        }

        return forest.Edges;
    }
}
