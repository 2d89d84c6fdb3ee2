using System.Numerics;

namespace Spoco.Kernels.Primitives;

/// <summary>Element by element on the host: one register at a time, each worker a contiguous range.</summary>
internal sealed unsafe class ElementwiseHost : ElementwiseAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in long count) => device.OnHost;

    /// <inheritdoc/>
    public override void Apply<TOperator>(DeviceBuffer<float> a, DeviceBuffer<float> b, DeviceBuffer<float> y, TOperator function)
    {
        // Ranges of whole registers keep every worker on aligned addresses; the last one takes the rest.
        var registers = (int)((y.Length + Vector<float>.Count - 1) / Vector<float>.Count);
        y.Device.Host.Workers.Run(registers, new Body<TOperator>(a.HostAddress, b.HostAddress, y.HostAddress, y.Length, function),
            RowLaunch.ValuesPerWorker / Vector<float>.Count);
    }

    /// <inheritdoc/>
    public override void Fill(DeviceBuffer<float> y, float value) => y.Span.Fill(value);

    private readonly struct Body<TOperator>(float* a, float* b, float* y, long length, TOperator function) : IParallelBody
        where TOperator : unmanaged, IElementwiseOperator
    {
        public void Execute(int from, int until, int worker)
        {
            var i = (long)from * Vector<float>.Count;
            var last = Math.Min((long)until * Vector<float>.Count, length);
            // Copies stay in registers: as far as the compiler knows, what is written could be this object.
            float* first = a, second = b, result = y;
            var f = function;
            for (; i + Vector<float>.Count <= last; i += Vector<float>.Count)
                f.Apply(Vector.Load(first + i), Vector.Load(second + i)).Store(result + i);
            for (; i < last; i++)
                result[i] = f.Apply(first[i], second[i]);
        }
    }
}
