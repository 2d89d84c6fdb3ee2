using System.Numerics;

namespace Spoco.Kernels.Primitives;

/// <summary>Casts on the host: two registers of single precision at a time, which are one of 16 bits; each worker a contiguous range.</summary>
internal sealed unsafe class CastHost : CastAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in CastShape shape) => device.OnHost;

    /// <inheritdoc/>
    protected override void Narrow<TFormat>(DeviceBuffer<float> x, DeviceBuffer<ushort> y) =>
        Run(y.Device.Host, y.Length, new NarrowBody<TFormat>(x.HostAddress, y.HostAddress, y.Length));

    /// <inheritdoc/>
    protected override void Widen<TFormat>(DeviceBuffer<ushort> x, DeviceBuffer<float> y) =>
        Run(y.Device.Host, y.Length, new WidenBody<TFormat>(x.HostAddress, y.HostAddress, y.Length));

    /// <inheritdoc/>
    protected override void Change<TFrom, TTo>(DeviceBuffer<ushort> x, DeviceBuffer<ushort> y) =>
        Run(y.Device.Host, y.Length, new ChangeBody<TFrom, TTo>(x.HostAddress, y.HostAddress, y.Length));

    private static void Run<TBody>(HostDevice host, long length, TBody body) where TBody : struct, IParallelBody =>
        host.Workers.Run(checked((int)((length + Vector<ushort>.Count - 1) / Vector<ushort>.Count)), body, RowLaunch.MinimumPerWorker(Vector<ushort>.Count));

    private readonly struct NarrowBody<TFormat>(float* x, ushort* y, long length) : IParallelBody where TFormat : unmanaged, ISixteenBitFormat
    {
        public void Execute(int from, int until, int worker)
        {
            var i = (long)from * Vector<ushort>.Count;
            var last = Math.Min((long)until * Vector<ushort>.Count, length);
            for (; i + Vector<ushort>.Count <= last; i += Vector<ushort>.Count)
                Vector.Narrow(default(TFormat).Narrow(Vector.Load(x + i)), default(TFormat).Narrow(Vector.Load(x + i + Vector<float>.Count))).Store(y + i);
            for (; i < last; i++)
                y[i] = default(TFormat).Narrow(x[i]);
        }
    }

    private readonly struct WidenBody<TFormat>(ushort* x, float* y, long length) : IParallelBody where TFormat : unmanaged, ISixteenBitFormat
    {
        public void Execute(int from, int until, int worker)
        {
            var i = (long)from * Vector<ushort>.Count;
            var last = Math.Min((long)until * Vector<ushort>.Count, length);
            for (; i + Vector<ushort>.Count <= last; i += Vector<ushort>.Count)
            {
                Vector.Widen(Vector.Load(x + i), out var first, out var second);
                default(TFormat).Widen(first).Store(y + i);
                default(TFormat).Widen(second).Store(y + i + Vector<float>.Count);
            }

            for (; i < last; i++)
                y[i] = default(TFormat).Widen(x[i]);
        }
    }

    private readonly struct ChangeBody<TFrom, TTo>(ushort* x, ushort* y, long length) : IParallelBody
        where TFrom : unmanaged, ISixteenBitFormat where TTo : unmanaged, ISixteenBitFormat
    {
        public void Execute(int from, int until, int worker)
        {
            var i = (long)from * Vector<ushort>.Count;
            var last = Math.Min((long)until * Vector<ushort>.Count, length);
            for (; i + Vector<ushort>.Count <= last; i += Vector<ushort>.Count)
            {
                Vector.Widen(Vector.Load(x + i), out var first, out var second);
                Vector.Narrow(default(TTo).Narrow(default(TFrom).Widen(first)), default(TTo).Narrow(default(TFrom).Widen(second))).Store(y + i);
            }

            for (; i < last; i++)
                y[i] = default(TTo).Narrow(default(TFrom).Widen(x[i]));
        }
    }
}
