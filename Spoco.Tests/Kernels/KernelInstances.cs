using System.Reflection;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Runtime;
using Spoco.Engine;
using Spoco.Kernels;
using Spoco.Tests.Interleavings;

namespace Spoco.Tests.Kernels;

/// <summary>
/// Every kernel that the product can load, with the type arguments that it can be loaded with, read from the product's own code: what methods without type
/// parameters call, what that calls in turn, and so on; a generic method or type is followed for every list of type arguments that some call or field gives it.
/// Virtual calls are followed into every type that was reached, so that more may be found than is ever loaded, but not less.
/// </summary>
internal sealed class KernelInstances
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    /// <summary>The assemblies of the product.</summary>
    public static readonly Assembly[] Product = [typeof(ComputeDevice).Assembly, typeof(SpocoModel).Assembly, typeof(Cli.Interruption).Assembly];

    private static readonly Lazy<KernelInstances> Found = new(() => new KernelInstances());

    private readonly Queue<MethodBase> _waiting = new();
    private readonly HashSet<MethodBase> _methods = [];
    private readonly HashSet<Type> _types = [];
    private readonly HashSet<MethodInfo> _genericVirtual = [];
    private readonly Dictionary<MethodInfo, KernelSpecialization> _kernels = [];

    private KernelInstances()
    {
        foreach (var type in Product.SelectMany(a => a.GetTypes()).Where(t => !t.ContainsGenericParameters))
            Reach(type);
        do
        {
            while (_waiting.TryDequeue(out var method))
                Read(method);
            foreach (var called in _genericVirtual.ToArray())
                foreach (var type in _types.ToArray())
                    ReachOverrides(called, type);
        }
        while (_waiting.Count > 0);
    }

    /// <summary>The kernels, closed over their type arguments.</summary>
    public static IReadOnlyCollection<MethodInfo> All => Found.Value._kernels.Keys;

    /// <summary>What a kernel is loaded with: its threads and groups per multiprocessor, where the product says so.</summary>
    public static KernelSpecialization SpecializationOf(MethodInfo kernel) => Found.Value._kernels.GetValueOrDefault(kernel);

    /// <summary>A kernel with its type arguments, <c>MutexPairKernels.Insert&lt;WideAtomics&gt;</c>.</summary>
    public static string NameOf(MethodInfo kernel)
    {
        Type[] arguments = [.. kernel.DeclaringType!.GetGenericArguments(), .. kernel.GetGenericArguments()];
        return Player.NameOf(kernel) + (arguments.Length == 0 ? "" : $"<{string.Join(", ", arguments.Select(a => a.Name))}>");
    }

    /// <summary>A kernel by its name, with its type arguments.</summary>
    public static MethodInfo Named(string name) => All.Single(kernel => NameOf(kernel) == name);

    /// <summary>Methods of the product that look like kernels: they take an index of ILGPU first.</summary>
    public static IEnumerable<string> IndexedMethods() =>
        from type in Product.SelectMany(a => a.GetTypes())
        from method in type.GetMethods(Declared)
        where method.IsStatic && method.ReturnType == typeof(void)
            && method.GetParameters() is [{ ParameterType: var first }, ..] && typeof(IIndex).IsAssignableFrom(first)
        select Player.NameOf(method);

    /// <summary>Calls that could compile a kernel in another way than by ILGPU's loaders, which <see cref="All"/> is read from.</summary>
    public static IEnumerable<string> OtherWays(params Assembly[] assemblies) =>
        from method in assemblies.SelectMany(a => a.GetTypes()).SelectMany(t => t.GetMethods(Declared).Concat<MethodBase>(t.GetConstructors(Declared)))
        where method.GetMethodBody() is not null
        from instruction in IlMethod.Of(method).Instructions
        let called = instruction.Operand as MethodBase
        where called?.DeclaringType is { } type && type != typeof(KernelLoaders)
            && (typeof(Backend).IsAssignableFrom(type) || typeof(Kernel).IsAssignableFrom(type) || typeof(KernelUtil).IsAssignableFrom(type)
                || (typeof(Accelerator).IsAssignableFrom(type) && called.Name.Contains("Kernel", StringComparison.Ordinal)))
        select $"{IlMethod.Name(method)} calls {IlMethod.Name(called)}";

    private static bool IsOurs(Type type) => Product.Contains(type.Assembly);

    private void Read(MethodBase method)
    {
        var instructions = IlMethod.Of(method).Instructions;
        var loader = instructions.Select(i => i.Operand).OfType<MethodInfo>().FirstOrDefault(called => called.DeclaringType == typeof(KernelLoaders));
        foreach (var instruction in instructions)
        {
            if (instruction.Constraint is { } constraint)
                Reach(constraint);
            switch (instruction.Operand)
            {
                case MethodInfo kernel when loader is not null && (Op)(ushort)instruction.OpCode.Value == Op.Ldftn:
                    _kernels[kernel] = loader.GetParameters().Any(p => p.ParameterType == typeof(KernelSpecialization)) ? Specialization(instructions) : default;
                    break;
                case MethodBase called:
                    Reach(called);
                    break;
                case FieldInfo field:
                    Reach(field.DeclaringType!);
                    break;
                case Type type:
                    Reach(type);
                    break;
            }
        }
    }

    /// <summary>What the method that a loader calls for it gives.</summary>
    private static KernelSpecialization Specialization(IEnumerable<IlInstruction> instructions) => (KernelSpecialization)instructions.Select(i => i.Operand).OfType<MethodInfo>()
        .Single(called => called.ReturnType == typeof(KernelSpecialization)).Invoke(null, [])!;

    private void Reach(MethodBase method)
    {
        Reach(method.DeclaringType!);
        if (!IsOurs(method.DeclaringType!) || method.ContainsGenericParameters || !_methods.Add(method))
            return;
        if (method is MethodInfo { IsVirtual: true, IsGenericMethod: true } called)
            _genericVirtual.Add(called);
        if (method.GetMethodBody() is not null)
            _waiting.Enqueue(method);
    }

    private void Reach(Type type)
    {
        if (type.HasElementType)
            Reach(type.GetElementType()!);
        if (!IsOurs(type) || type.ContainsGenericParameters || type.IsGenericParameter || !_types.Add(type))
            return;
        foreach (var method in type.GetMethods(Declared).Concat<MethodBase>(type.GetConstructors(Declared)))
            if (!method.IsGenericMethodDefinition)
                Reach(method);
        if (type.BaseType is { } parent)
            Reach(parent);
    }

    private void ReachOverrides(MethodInfo called, Type type)
    {
        var definition = called.GetGenericMethodDefinition();
        foreach (var own in type.GetMethods(Declared))
        {
            var overrides = own.IsGenericMethodDefinition && own != definition && called.DeclaringType!.IsAssignableFrom(type)
                && own.Name.Split('.')[^1] == called.Name && own.GetGenericArguments().Length == called.GetGenericArguments().Length;
            if (overrides)
                Reach(own.MakeGenericMethod(called.GetGenericArguments()));
        }
    }
}
