using System.Reflection;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Spoco.Kernels.Primitives;

namespace Spoco.Tests.Segmentation;

/// <summary>Compiles every kernel of the Mutex Watershed for CUDA, which needs no GPU.</summary>
public sealed class MutexWatershedPtxTests
{
    private static IEnumerable<string> Kernels =>
        from type in new[] { typeof(MutexTreeKernels), typeof(MutexGridKernels), typeof(MutexContractionKernels), typeof(MutexPairKernels) }
        from method in type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.DeclaredOnly)
        where method.ReturnType == typeof(void)
        select $"{type.Name}.{method.Name}";

    [TestCaseSource(nameof(Kernels))]
    public void Compiles(string name)
    {
        using var context = Context.Create(builder => builder.EnableAlgorithms());
        using var backend = new PTXBackend(context, CudaArchitecture.SM_90, CudaInstructionSet.ISA_78, null!);
        var method = typeof(MutexTreeKernels).Assembly.GetType($"Spoco.Kernels.Primitives.{name.Split('.')[0]}")!.GetMethod(name.Split('.')[1])!;
        foreach (var kernel in method.IsGenericMethodDefinition
            ? new[] { method.MakeGenericMethod(typeof(WideAtomics)), method.MakeGenericMethod(typeof(NarrowAtomics)) } : [method])
        {
            var isImplicit = kernel.GetParameters()[0].ParameterType == typeof(Index1D);
            var entry = isImplicit
                ? EntryPointDescription.FromImplicitlyGroupedKernel(kernel) : EntryPointDescription.FromExplicitlyGroupedKernel(kernel);
            var compiled = (PTXCompiledKernel)backend.Compile(entry, default(KernelSpecialization));
            Assert.That(compiled.PTXAssembly, Does.Contain(".entry"));
            if (kernel.IsGenericMethod)
                Assert.That(
                    compiled.PTXAssembly.Contains(".max.u64", StringComparison.Ordinal),
                    Is.EqualTo(kernel.GetGenericArguments()[0] == typeof(WideAtomics)), "64-bit atomics");
        }
    }
}
