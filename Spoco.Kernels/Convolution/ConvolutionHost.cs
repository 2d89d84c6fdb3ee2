using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Spoco.Kernels.Primitives;

/// <summary>
/// Convolution on the host: matrix products of register tiles on the image as it lies in memory. With channels last, the terms of one kernel row,
/// kW Cin values, are contiguous for every output column, and neighbouring columns start Cin values apart: a tile of several columns by
/// one or two registers of output channels reads them without rearranging. Only tiles at the border are copied, with their zeros.
/// </summary>
internal static unsafe class ConvolutionHost
{
    private const int FewChannels = 3;

    /// <summary>Lanes of the widest vectors this processor has: 16, 8 or 4.</summary>
    public static int Lanes => Vector512.IsHardwareAccelerated ? 16 : Vector256.IsHardwareAccelerated ? 8 : 4;

    public static void Forward(
        HostDevice host, in ConvolutionShape shape, float* x, float* weight, float* bias, float* y, ActivationFunction activation, int lanes = 0)
    {
        if (Winograd(host, shape) is { } grid && activation.Kind != ActivationKind.Elu)
        {
            WinogradHost.Run(host, new WinogradPass
            {
                Grid = grid,
                Source = new WinogradSource { Values = x, Shape = shape.Input },
                Target = new WinogradTarget
                {
                    Values = y, Shape = shape.Output, Bias = bias, Slope = activation.Kind == ActivationKind.Identity ? 1 : activation.Slope,
                },
                Weight = weight,
                WeightShape = shape.Weight,
            }, lanes);
            return;
        }

        Correlate(host, shape.Flattened, x, weight, false, bias, y, activation, lanes);
    }

    public static void BackwardInput(HostDevice host, in ConvolutionShape shape, float* dy, float* weight, float* dx, int lanes = 0)
    {
        if (Winograd(host, shape) is { } grid)
        {
            WinogradHost.Run(host, new WinogradPass
            {
                Grid = grid.Transposed(shape.Input),
                Source = new WinogradSource { Values = dy, Shape = shape.Output },
                Target = new WinogradTarget { Values = dx, Shape = shape.Input, Slope = 1 },
                Weight = weight,
                WeightShape = shape.Weight,
                Transposed = true,
            }, lanes);
            return;
        }

        Correlate(host, shape.Flattened.Transposed, dy, weight, true, null, dx, default, lanes);
    }

    public static void BackwardWeight(HostDevice host, in ConvolutionShape shape, float* x, float* dy, float* dweight, int lanes = 0)
    {
        if (Winograd(host, shape) is { } grid)
        {
            WinogradHost.BackwardWeight(host, grid, new WinogradSource { Values = x, Shape = shape.Input }, default,
                new WinogradSource { Values = dy, Shape = shape.Output }, dweight, lanes);
            return;
        }

        var flat = shape.Flattened;
        switch (Narrow(lanes, flat.OutputChannels))
        {
            case 16:
                ConvolutionHostBackwardWeight<Simd512, Vector512<float>>.Run(host, flat, x, dy, dweight);
                break;
            case 8:
                ConvolutionHostBackwardWeight<Simd256, Vector256<float>>.Run(host, flat, x, dy, dweight);
                break;
            default:
                ConvolutionHostBackwardWeight<Simd128, Vector128<float>>.Run(host, flat, x, dy, dweight);
                break;
        }
    }

    public static void BackwardBias(HostDevice host, float* dy, long voxels, int channels, float* dbias)
    {
        // As many parts for any number of workers; a line of distance keeps them out of each other's cache lines.
        var parts = (int)Math.Min(PartSums.Parts, voxels);
        var stride = 2 * channels + HostDevice.Alignment / sizeof(float);
        using var memory = host.Allocate<float>((long)parts * stride, "Convolution bias gradient").Memory;
        var sums = (float*)memory.Block.Pointer;
        host.Workers.RunPieces(parts, new ColumnSums(dy, voxels, channels, parts, sums, stride));
        new Span<float>(dbias, channels).Clear();
        for (var part = 0; part < parts; part++)
            Add(dbias, sums + (long)part * stride, channels);
    }

    /// <summary>The tiles of a convolution that needs fewer operations with Winograd's algorithm; null for any other.</summary>
    private static WinogradGrid? Winograd(HostDevice host, in ConvolutionShape shape) => host.UsesWinograd ? WinogradGrid.Of(shape) : null;

    private static void Add(float* sum, float* values, int count)
    {
        var i = 0;
        for (; i + Vector<float>.Count <= count; i += Vector<float>.Count)
            (Unsafe.Read<Vector<float>>(sum + i) + Unsafe.Read<Vector<float>>(values + i)).Store(sum + i);
        for (; i < count; i++)
            sum[i] += values[i];
    }

    private static void Correlate(
        HostDevice host, in ConvolutionShape shape, float* x, float* weight, bool transposed, float* bias, float* y, ActivationFunction activation,
        int lanes)
    {
        // With very few output channels most lanes would be idle: they then take neighbouring terms instead, where those fill whole vectors.
        var rowTerms = shape.KernelW * shape.InputChannels;
        var alongTerms = shape.OutputChannels <= FewChannels && rowTerms % 4 == 0;
        lanes = alongTerms ? Divide(lanes, rowTerms) : Narrow(lanes, shape.OutputChannels);
        using var packed = PackedWeight.Create(host, shape, weight, transposed, lanes, alongTerms);
        switch (lanes)
        {
            case 16:
                Run<Simd512, Vector512<float>>(host, shape, x, packed, bias, y, activation);
                break;
            case 8:
                Run<Simd256, Vector256<float>>(host, shape, x, packed, bias, y, activation);
                break;
            default:
                Run<Simd128, Vector128<float>>(host, shape, x, packed, bias, y, activation);
                break;
        }
    }

    private static void Run<TSimd, TVector>(
        HostDevice host, in ConvolutionShape shape, float* x, PackedWeight weight, float* bias, float* y, ActivationFunction activation)
        where TSimd : ISimd<TVector> where TVector : struct
    {
        if (weight.AlongTerms)
            ConvolutionHostForward<AlongTerms<TSimd, TVector>, TVector>.Run(host, shape, x, weight, bias, y, activation);
        else
            ConvolutionHostForward<TSimd, TVector>.Run(host, shape, x, weight, bias, y, activation);
    }

    /// <summary>Vectors that the terms of a kernel row fill without a rest.</summary>
    private static int Divide(int lanes, int rowTerms)
    {
        lanes = lanes == 0 ? Lanes : lanes;
        while (rowTerms % lanes != 0)
            lanes /= 2;
        return lanes;
    }

    /// <summary>Vectors no wider than the channels fill.</summary>
    internal static int Narrow(int lanes, int channels)
    {
        lanes = lanes == 0 ? Lanes : lanes;
        while (lanes > 4 && channels <= lanes / 2)
            lanes /= 2;
        return lanes;
    }

    /// <summary>Each index sums one contiguous part of the voxels, in blocks, so that rounding does not grow with their number.</summary>
    private readonly struct ColumnSums(float* dy, long voxels, int channels, int parts, float* sums, int stride) : IParallelBody
    {
        private const int Block = 256;

        public void Execute(int from, int until, int worker)
        {
            for (var part = from; part < until; part++)
            {
                var sum = sums + (long)part * stride;
                var block = sum + channels;
                new Span<float>(sum, channels).Clear();
                var last = voxels * (part + 1) / parts;
                for (var start = voxels * part / parts; start < last; start += Block)
                {
                    new Span<float>(block, channels).Clear();
                    for (var v = start; v < Math.Min(start + Block, last); v++)
                        Add(block, dy + v * channels, channels);
                    Add(sum, block, channels);
                }
            }
        }
    }
}
