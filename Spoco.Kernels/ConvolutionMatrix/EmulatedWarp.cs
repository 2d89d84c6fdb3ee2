using ILGPU;

namespace Spoco.Kernels.Primitives;

/// <summary>What threads of a warp wait for each other with where there are no matrix units, whose instructions order no more than the warp.</summary>
internal static class EmulatedWarp
{
    /// <summary>Waits for the warp: devices without one make the whole group wait, which every thread of it must then do; played launches the warp alone.</summary>
    public static void Barrier() => Group.Barrier();
}
