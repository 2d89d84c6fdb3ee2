namespace Spoco.Kernels.Primitives;

/// <summary>A box of an image on the host: a worker takes rows of the box.</summary>
internal sealed unsafe class CropHost : CropAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in CropShape shape) => device.OnHost;

    /// <inheritdoc/>
    public override void Copy(in CropShape shape, DeviceBuffer<float> x, DeviceBuffer<float> y) =>
        y.Device.Host.Workers.Run(checked(shape.Box.D * shape.Box.H), new Body(shape, x.HostAddress, y.HostAddress),
            RowLaunch.MinimumPerWorker((long)shape.Box.W * shape.To.C));

    private readonly struct Body(CropShape shape, float* x, float* y) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var bytes = (long)shape.Box.W * shape.To.C * sizeof(float);
            for (var row = from; row < until; row++)
                Buffer.MemoryCopy(x + shape.Source(row), y + shape.Result(row), bytes, bytes);
        }
    }
}
