namespace Spoco.Kernels.Primitives;

/// <summary>Sums over channels on the host: each worker takes a range of voxels; double precision.</summary>
internal sealed unsafe class VoxelSumHost : VoxelSumAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in TensorShape shape) => device.OnHost;

    /// <inheritdoc/>
    public override void Forward(in TensorShape shape, DeviceBuffer<float> x, DeviceBuffer<float> sum) =>
        sum.Device.Host.Workers.Run(checked((int)shape.Voxels), new Body(x.HostAddress, shape.C, sum.HostAddress), RowLaunch.MinimumPerWorker(shape.C));

    private readonly struct Body(float* x, int channels, float* sum) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            for (var v = from; v < until; v++)
            {
                var total = 0.0;
                for (var c = 0; c < channels; c++)
                    total += x[(long)v * channels + c];
                sum[v] = (float)total;
            }
        }
    }
}
