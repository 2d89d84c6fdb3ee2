namespace Spoco.Kernels.Primitives;

/// <summary>Spreading on the host: each worker takes a range of voxels.</summary>
internal sealed unsafe class SpreadHost : SpreadAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in TensorShape shape) => device.OnHost;

    /// <inheritdoc/>
    public override void OverVoxels(in TensorShape shape, DeviceBuffer<float> values, DeviceBuffer<float> y) =>
        y.Device.Host.Workers.Run(checked((int)shape.Voxels), new VoxelsBody(values.HostAddress, shape.C, y.HostAddress), RowLaunch.MinimumPerWorker(shape.C));

    /// <inheritdoc/>
    public override void OverChannels(in TensorShape shape, DeviceBuffer<float> values, DeviceBuffer<float> y) =>
        y.Device.Host.Workers.Run(checked((int)shape.Voxels), new ChannelsBody(values.HostAddress, shape.C, y.HostAddress), RowLaunch.MinimumPerWorker(shape.C));

    private readonly struct VoxelsBody(float* values, int channels, float* y) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var row = new ReadOnlySpan<float>(values, channels);
            for (var v = from; v < until; v++)
                row.CopyTo(new Span<float>(y + (long)v * channels, channels));
        }
    }

    private readonly struct ChannelsBody(float* values, int channels, float* y) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            for (var v = from; v < until; v++)
                new Span<float>(y + (long)v * channels, channels).Fill(values[v]);
        }
    }
}
