using System.Reflection;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Spoco.Kernels.Primitives;

namespace Spoco.Tests.Ops;

/// <summary>Compiles the kernels for CUDA, which needs no GPU.</summary>
public sealed class ConvolutionPtxTests
{
    [TestCase("Forward")]
    [TestCase("BackwardWeight")]
    public void Tiles_are_read_four_values_at_a_time(string name)
    {
        using var context = Context.Create(builder => builder.EnableAlgorithms());
        using var backend = new PTXBackend(context, CudaArchitecture.SM_90, CudaInstructionSet.ISA_78, null!);
        var kernel = typeof(ConvolutionSimt).GetMethods(BindingFlags.Static | BindingFlags.NonPublic)
            .Single(m => m.Name == name && m.IsGenericMethodDefinition).MakeGenericMethod(typeof(ConvolutionSimt.Wide));
        var compiled = (PTXCompiledKernel)backend.Compile(EntryPointDescription.FromExplicitlyGroupedKernel(kernel), default(KernelSpecialization));
        Assert.That(compiled.PTXAssembly, Does.Contain("ld.shared.v4"));
        Assert.That(compiled.PTXAssembly, Does.Not.Contain(".local"), "arrays or structs that are not in registers");
    }
}
