using System.Runtime.Intrinsics;

namespace Spoco.Kernels.Primitives;

/// <summary>Entry points of the Winograd convolutions: choose the vectors.</summary>
internal static unsafe class WinogradHost
{
    public static void Run(HostDevice host, in WinogradPass pass, int lanes = 0)
    {
        var channels = pass.Target.Shape.C;
        if (pass.SecondTarget.Values != null)
            channels = Math.Min(channels, pass.SecondTarget.Shape.C);
        switch (VectorWidth.Narrow(lanes, channels))
        {
            case 16:
                WinogradConvolution<Simd512, Vector512<float>>.Run(host, pass);
                break;
            case 8:
                WinogradConvolution<Simd256, Vector256<float>>.Run(host, pass);
                break;
            default:
                WinogradConvolution<Simd128, Vector128<float>>.Run(host, pass);
                break;
        }
    }

    public static void BackwardWeight(
        HostDevice host, in WinogradGrid grid, in WinogradSource source, in WinogradSource second, in WinogradSource dy, float* dweight,
        int lanes = 0)
    {
        switch (VectorWidth.Narrow(lanes, dy.Shape.C))
        {
            case 16:
                WinogradBackwardWeight<Simd512, Vector512<float>>.Run(host, grid, source, second, dy, dweight);
                break;
            case 8:
                WinogradBackwardWeight<Simd256, Vector256<float>>.Run(host, grid, source, second, dy, dweight);
                break;
            default:
                WinogradBackwardWeight<Simd128, Vector128<float>>.Run(host, grid, source, second, dy, dweight);
                break;
        }
    }
}
