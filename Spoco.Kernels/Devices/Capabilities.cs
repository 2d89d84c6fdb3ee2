namespace Spoco.Kernels;

/// <summary>Types that the matrix units of a device multiply; sums are single precision.</summary>
[Flags]
public enum MatrixUnits
{
    /// <summary>No matrix units, or none that kernels can reach.</summary>
    None = 0,

    /// <summary>Half precision (IEEE binary16): 5 bits of exponent, 10 of mantissa.</summary>
    Float16 = 1,

    /// <summary>Brain floating point: 8 bits of exponent, 7 of mantissa.</summary>
    BFloat16 = 2,

    /// <summary>Single precision of which the multiplier sees 10 bits of mantissa.</summary>
    TensorFloat32 = 4,

    /// <summary>None: kernels for matrix units compute the same without them, slowly, for tests.</summary>
    Emulated = 8,
}

/// <summary>What a device can do, as far as the choice of an algorithm depends on it.</summary>
/// <param name="OnHost">Kernels are SIMD code on memory of the host; else they are compiled by ILGPU.</param>
/// <param name="Winograd">Convolutions may be computed with Winograd's algorithm, see <see cref="ComputeDeviceOptions.Winograd"/>.</param>
/// <param name="GroupThreads">Most threads of a group; on the host 1.</param>
/// <param name="SubgroupWidth">Threads that run in step, or floats of the widest vector.</param>
/// <param name="SharedMemory">Bytes of shared memory of a group; 0 on the host.</param>
/// <param name="Atomics64">64-bit integer atomics.</param>
/// <param name="DoublePrecision">Floating-point numbers of double precision.</param>
/// <param name="MatrixUnits">What its matrix units multiply.</param>
public readonly record struct Capabilities(
    bool OnHost, bool Winograd, int GroupThreads, int SubgroupWidth, int SharedMemory, bool Atomics64, bool DoublePrecision, MatrixUnits MatrixUnits)
{
    /// <summary>Whether its matrix units multiply factors of every <see cref="Precision"/>. Other devices convolve in single precision, whatever they are asked for.</summary>
    public bool RoundsFactors => Primitives.MatrixLaunch.Pays(this);
}
