using System.Numerics;

namespace Spoco.Kernels.Primitives;

/// <summary>Spatial dropout on the host: workers take blocks of voxels and multiply them by the factors of their image's channels.</summary>
internal sealed unsafe class DropoutHost : DropoutAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in TensorShape shape) => device.OnHost;

    /// <inheritdoc/>
    public override void Apply(in TensorShape shape, DeviceBuffer<float> x, DeviceBuffer<float> y, float probability, ulong seed)
    {
        var host = y.Device.Host;
        var factors = host.Allocate<float>((long)shape.N * shape.C, nameof(Dropout));
        using var memory = factors.Memory;
        for (var i = 0; i < factors.Length; i++)
            factors.HostAddress[i] = Dropout.Scale(seed, i, probability);
        host.Workers.Run(checked(shape.N * shape.D * shape.H),
            new Body(shape.W, shape.C, shape.D * shape.H, factors.HostAddress, x.HostAddress, y.HostAddress),
            RowLaunch.MinimumPerWorker((long)shape.W * shape.C));
    }

    /// <summary>An index is a row of voxels.</summary>
    private readonly struct Body(int width, int channels, int rowsPerImage, float* factors, float* x, float* y) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            for (var row = from; row < until; row++)
            {
                var image = factors + (long)(row / rowsPerImage) * channels;
                for (var v = (long)row * width; v < (long)(row + 1) * width; v++)
                {
                    var source = x + v * channels;
                    var target = y + v * channels;
                    var c = 0;
                    for (; c + Vector<float>.Count <= channels; c += Vector<float>.Count)
                        (Vector.Load(image + c) * Vector.Load(source + c)).Store(target + c);
                    for (; c < channels; c++)
                        target[c] = image[c] * source[c];
                }
            }
        }
    }
}
