using ILGPU;
using ILGPU.Runtime;
using Spoco.Kernels;

namespace Spoco.Bench.Runs;

/// <summary>What a device reaches where nothing holds it up, measured in the run that shares of it are given in: multiply-adds in registers, and a copy of its memory.</summary>
internal sealed class DevicePeak : ITimedCalls
{
    private const int Chains = 8;
    private const int Steps = 8;
    private const int Rounds = 4;
    private const int GroupSize = 256;

    /// <summary>As many as are there at once, 128 times: some tenths of a millisecond.</summary>
    private const int GroupsPerMultiprocessor = 2048 / GroupSize * 128;

    /// <summary>The name of the case, and of its calls.</summary>
    public const string Case = "fp32", MultiplyAdds = "multiply-adds in registers", Copy = "copy";

    private readonly ComputeDevice _device;
    private readonly DeviceBuffer<float> _sums, _source, _target;
    private readonly int _groups, _groupSize;
    private readonly Holdings _holdings;

    public DevicePeak(ComputeDevice device, long copyBytes)
    {
        using var holdings = new Holdings();
        _device = device;
        if (device is IlgpuDevice gpu)
        {
            _groupSize = Math.Min(GroupSize, gpu.Accelerator.MaxNumThreadsPerGroup);
            // The simulator computes one thread after another.
            _groups = device.Kind == DeviceKind.IlgpuCpu ? 1 : gpu.Accelerator.NumMultiprocessors * GroupsPerMultiprocessor;
            _sums = holdings.Allocate<float>(device, (long)_groups * _groupSize, nameof(DevicePeak));
        }

        _source = holdings.AllocateCleared<float>(device, copyBytes / sizeof(float), nameof(DevicePeak));
        _target = holdings.AllocateCleared<float>(device, copyBytes / sizeof(float), nameof(DevicePeak));
        _holdings = holdings.Share();
    }

    public IEnumerable<TimedCall> Calls =>
    [
        new(MultiplyAdds, new Work(Flops, 0), Multiply), new(Copy, new Work(0, 2.0 * sizeof(float) * _source.Length), () => _source.CopyTo(_target)),
    ];

    private double Flops => _device is HostDevice host ? FmaPeak.Operations(host) : 2.0 * Chains * Steps * Rounds * _sums.Length;

    public void Dispose() => _holdings.Dispose();

    private void Multiply()
    {
        if (_device is IlgpuDevice gpu)
            gpu.Kernel(static a => a.LoadStreamKernel<ArrayView<float>, float, float>(MultiplyKernel))((_groups, _groupSize), _sums.View, 0.999f, 1e-3f);
        else
            FmaPeak.Run((HostDevice)_device);
    }

    /// <summary>Independent chains hide the latency of one another. Short, so that compilers for processors unroll all of it and make vectors of threads.</summary>
    private static void MultiplyKernel(ArrayView<float> sums, float factor, float term)
    {
        float s0 = term, s1 = term + 1, s2 = term + 2, s3 = term + 3, s4 = term + 4, s5 = term + 5, s6 = term + 6, s7 = term + 7;
        for (var round = 0; round < Rounds; round++)
        {
            s0 = Chain(s0, factor, term);
            s1 = Chain(s1, factor, term);
            s2 = Chain(s2, factor, term);
            s3 = Chain(s3, factor, term);
            s4 = Chain(s4, factor, term);
            s5 = Chain(s5, factor, term);
            s6 = Chain(s6, factor, term);
            s7 = Chain(s7, factor, term);
        }

        sums[Grid.GlobalLinearIndex] = s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7;
    }

    /// <summary><see cref="Steps"/> multiply-adds, one after another.</summary>
    private static float Chain(float s, float factor, float term)
    {
        s = s * factor + term;
        s = s * factor + term;
        s = s * factor + term;
        s = s * factor + term;
        s = s * factor + term;
        s = s * factor + term;
        s = s * factor + term;
        return s * factor + term;
    }
}
