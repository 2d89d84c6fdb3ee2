using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Maximum pooling on the host: a register of channels at a time, the last register of a voxel overlapping the one before where the channels do not
/// fill it. Workers take rows of the tensor they write.
/// </summary>
internal sealed unsafe class MaxPoolHost : MaxPoolAlgorithm
{
    /// <inheritdoc/>
    public override string Name => "host";

    /// <inheritdoc/>
    public override bool Runs(in Capabilities device, in PoolingShape shape) => device.OnHost;

    /// <inheritdoc/>
    public override void Forward(in PoolingShape shape, ValueBuffer x, ValueBuffer y, DeviceBuffer<byte> places) =>
        y.Device.Host.Workers.Run(shape.N * shape.OutD * shape.OutH, new ForwardBody(shape, x.HostAddress, y.HostAddress, places.HostAddress),
            RowLaunch.MinimumPerWorker(shape.OutW * shape.C * shape.Window));

    /// <inheritdoc/>
    public override void Backward(in PoolingShape shape, ValueBuffer dy, DeviceBuffer<byte> places, ValueBuffer dx, bool add) =>
        dx.Device.Host.Workers.Run(shape.N * shape.D * shape.H, new BackwardBody(shape, dy.HostAddress, places.HostAddress, dx.HostAddress, add),
            RowLaunch.MinimumPerWorker(shape.W * shape.C));

    /// <inheritdoc/>
    public override void Gather(in PoolingShape shape, ValueBuffer x, DeviceBuffer<byte> places, ValueBuffer y) =>
        y.Device.Host.Workers.Run(shape.N * shape.OutD * shape.OutH, new GatherBody(shape, x.HostAddress, places.HostAddress, y.HostAddress),
            RowLaunch.MinimumPerWorker(shape.OutW * shape.C * shape.Window));

    /// <summary>Distances of a window's voxels from its first one, in values.</summary>
    internal static void WindowOffsets(PoolingShape shape, long* offsets)
    {
        for (var d = 0; d < shape.WindowD; d++)
        {
            for (var h = 0; h < shape.WindowH; h++)
            {
                for (var w = 0; w < shape.WindowW; w++)
                    *offsets++ = (((long)d * shape.H + h) * shape.W + w) * shape.C;
            }
        }
    }

    internal static Vector<int> LoadPlaces(byte* p)
    {
        if (Vector<int>.Count == 8 && Avx2.IsSupported)
            return Avx2.ConvertToVector256Int32(p).AsVector();
        var values = stackalloc int[Vector<int>.Count];
        for (var i = 0; i < Vector<int>.Count; i++)
            values[i] = p[i];
        return Vector.Load(values);
    }

    internal static void StorePlaces(Vector<int> places, byte* p)
    {
        if (Vector<int>.Count == 8 && Sse2.IsSupported)
        {
            var all = places.AsVector256();
            var halves = Sse2.PackSignedSaturate(all.GetLower(), all.GetUpper());
            Unsafe.WriteUnaligned(p, Sse2.PackUnsignedSaturate(halves, halves).AsUInt64().ToScalar());
            return;
        }

        if (Vector<int>.Count == 8)
        {
            var words = Vector.Narrow(places, places);
            Unsafe.WriteUnaligned(p, Vector.AsVectorUInt64(Vector.Narrow(words, words))[0]);
            return;
        }

        var values = stackalloc int[Vector<int>.Count];
        places.Store(values);
        for (var i = 0; i < Vector<int>.Count; i++)
            p[i] = (byte)values[i];
    }

    /// <summary>Takes a value of the window into the maximum so far.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Larger(Vector<float> value, int number, ref Vector<float> maximum, ref Vector<int> place)
    {
        var larger = Vector.GreaterThan(value, maximum) | ~Vector.Equals(value, value);
        maximum = Vector.ConditionalSelect(larger, value, maximum);
        place = Vector.ConditionalSelect(larger, new Vector<int>(number), place);
    }

    private readonly struct ForwardBody(PoolingShape shape, float* x, float* y, byte* places) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var offsets = stackalloc long[PoolingShape.MaximumWindow];
            WindowOffsets(shape, offsets);
            var lanes = Vector<float>.Count;
            for (var row = from; row < until; row++)
            {
                var window = x + shape.InputRow(row, 0, 0);
                var first = (long)row * shape.OutW * shape.C;
                for (var w = 0; w < shape.OutW; w++, window += shape.WindowW * shape.C, first += shape.C)
                {
                    if (shape.C < lanes)
                    {
                        for (var c = 0; c < shape.C; c++)
                            Scalar(window + c, offsets, first + c);
                        continue;
                    }

                    for (var c = 0; c < shape.C; c += lanes)
                    {
                        var start = Math.Min(c, shape.C - lanes);
                        Register(window + start, offsets, first + start);
                    }
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Register(float* window, long* offsets, long target)
        {
            var maximum = Vector.Load(window);
            var place = Vector<int>.Zero;
            for (var k = 1; k < shape.Window; k++)
                Larger(Vector.Load(window + offsets[k]), k, ref maximum, ref place);

            maximum.Store(y + target);
            if (places is not null)
                StorePlaces(place, places + target);
        }

        private void Scalar(float* window, long* offsets, long target)
        {
            var maximum = window[0];
            var place = 0;
            for (var k = 1; k < shape.Window; k++)
            {
                var value = window[offsets[k]];
                if (value > maximum || float.IsNaN(value))
                    (maximum, place) = (value, k);
            }

            y[target] = maximum;
            if (places is not null)
                places[target] = (byte)place;
        }
    }

    private readonly struct BackwardBody(PoolingShape shape, float* dy, byte* places, float* dx, bool add) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            for (var row = from; row < until; row++)
            {
                var target = dx + (long)row * shape.W * shape.C;
                var end = target + (long)shape.W * shape.C;
                var outputRow = shape.OutputRow(row, out var place);
                if (outputRow >= 0)
                {
                    var source = (long)outputRow * shape.OutW * shape.C;
                    for (var w = 0; w < shape.OutW; w++, source += shape.C, target += shape.WindowW * shape.C)
                        Window(source, place, target);
                }

                if (!add)
                    new Span<float>(target, (int)(end - target)).Clear();
            }
        }

        /// <summary>The row of one window that begins with the voxel of number <paramref name="place"/>.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Window(long source, int place, float* target)
        {
            var lanes = Vector<float>.Count;
            if (shape.C < lanes)
            {
                for (var k = 0; k < shape.WindowW; k++, target += shape.C)
                {
                    for (var c = 0; c < shape.C; c++)
                        target[c] = (add ? target[c] : 0) + (places[source + c] == place + k ? dy[source + c] : 0);
                }

                return;
            }

            for (var c = 0; c < shape.C; c += lanes)
            {
                // The last register overlaps the one before where the channels do not fill it: what that one has written is not added again.
                var start = Math.Min(c, shape.C - lanes);
                var maximum = LoadPlaces(places + source + start);
                var gradient = Vector.Load(dy + source + start);
                if (add && start < c)
                    gradient = Vector.ConditionalSelect(Vector.LessThan(Vector<int>.Indices, new Vector<int>(c - start)), Vector<float>.Zero, gradient);
                var p = target + start;
                for (var k = 0; k < shape.WindowW; k++, p += shape.C)
                {
                    var value = Vector.ConditionalSelect(Vector.Equals(maximum, new Vector<int>(place + k)), gradient, Vector<float>.Zero);
                    (add ? Vector.Load(p) + value : value).Store(p);
                }
            }
        }
    }

    private readonly struct GatherBody(PoolingShape shape, float* x, byte* places, float* y) : IParallelBody
    {
        public void Execute(int from, int until, int worker)
        {
            var offsets = stackalloc long[PoolingShape.MaximumWindow];
            WindowOffsets(shape, offsets);
            for (var row = from; row < until; row++)
            {
                var window = x + shape.InputRow(row, 0, 0);
                var target = (long)row * shape.OutW * shape.C;
                for (var w = 0; w < shape.OutW; w++, window += shape.WindowW * shape.C, target += shape.C)
                {
                    for (var c = 0; c < shape.C; c++)
                        y[target + c] = window[offsets[places[target + c]] + c];
                }
            }
        }
    }
}
