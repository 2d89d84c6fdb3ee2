using System.Collections.Concurrent;
using System.Reflection;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Spoco.Tests.Kernels;

/// <summary>A kernel as ILGPU compiles it for CUDA, which needs no GPU, with what the product loads it with.</summary>
/// <param name="Name">What it is called, type arguments included.</param>
/// <param name="Architecture">Compute capability, 80 or 90.</param>
/// <param name="Ptx">The module. Its target is sm_80 for both: ILGPU 1.5.3 writes no newer one; the assembler and the driver make code for the card of it.</param>
internal sealed record CompiledKernel(string Name, int Architecture, string Ptx)
{
    /// <summary>The compute capabilities that kernels are compiled for: Ampere, the oldest with asynchronous copies and TF32, and Hopper.</summary>
    public static readonly int[] Architectures = [80, 90];

    // A backend compiles one kernel at a time.
    private static readonly ConcurrentDictionary<int, PTXBackend> Backends = new();

    private static readonly ConcurrentDictionary<(MethodInfo, int), CompiledKernel> Known = new();

    /// <summary>Compiles a kernel, once.</summary>
    public static CompiledKernel Of(MethodInfo kernel, int architecture) => Known.GetOrAdd((kernel, architecture), static key =>
    {
        // 7.8 is the newest instruction set that the assembler of Debian 12 knows, and the oldest that knows SM 9.0.
        var backend = Backends.GetOrAdd(key.Item2, static a => new PTXBackend(
            Context.Create(builder => builder.EnableAlgorithms()), a == 80 ? CudaArchitecture.SM_80 : CudaArchitecture.SM_90, CudaInstructionSet.ISA_78, null!));
        var entry = key.Item1.GetParameters() is [{ ParameterType: var first }, ..] && typeof(IIndex).IsAssignableFrom(first)
            ? EntryPointDescription.FromImplicitlyGroupedKernel(key.Item1) : EntryPointDescription.FromExplicitlyGroupedKernel(key.Item1);
        lock (backend)
        {
            var compiled = (PTXCompiledKernel)backend.Compile(entry, KernelInstances.SpecializationOf(key.Item1));
            return new CompiledKernel(KernelInstances.NameOf(key.Item1), key.Item2, compiled.PTXAssembly);
        }
    });
}
