using System.Reflection;
using Spoco.Kernels.Primitives;

namespace Spoco.Tests.Interleavings;

/// <summary>How a called method is carried out: by what the player knows of it, at once by the runtime, or instruction by instruction.</summary>
internal sealed class CallSite
{
    private readonly ParameterInfo[] _parameters;

    private CallSite(MethodBase method, bool creates)
    {
        Method = method;
        _parameters = method.GetParameters();
        Arguments = _parameters.Length + (method.IsStatic || creates ? 0 : 1);
        ReturnsValue = creates || (method is MethodInfo { ReturnType: var type } && type != typeof(void));
        Intrinsic = Intrinsics.Of(method, creates);
        IsDelegate = typeof(Delegate).IsAssignableFrom(method.DeclaringType) && method.Name == "Invoke";
        IsNative = RunsAtOnce(creates);
    }

    public MethodBase Method { get; }

    /// <summary>Values that the call takes from the stack.</summary>
    public int Arguments { get; }

    public bool ReturnsValue { get; }

    public bool IsDelegate { get; }

    /// <summary>Whether it is handed addresses, which it may store to.</summary>
    public bool TakesPointers => _parameters.Any(p => p.ParameterType.IsPointer);

    /// <summary>Whether the runtime carries it out, as a whole.</summary>
    public bool IsNative { get; }

    public Intrinsic? Intrinsic { get; }

    public static CallSite Of(MethodBase method, Type? constraint, bool creates) =>
        new(constraint is { IsValueType: true } && method is MethodInfo virtualMethod ? Override(virtualMethod, constraint) : method, creates);

    /// <summary>What a virtual method or a member of an interface means for a type.</summary>
    public static MethodInfo Override(MethodInfo method, Type type)
    {
        if (method.DeclaringType!.IsInterface)
        {
            var definition = method.IsGenericMethod ? method.GetGenericMethodDefinition() : method;
            var map = type.GetInterfaceMap(method.DeclaringType);
            var found = map.TargetMethods[Array.IndexOf(map.InterfaceMethods, definition)];
            return method.IsGenericMethod ? found.MakeGenericMethod(method.GetGenericArguments()) : found;
        }

        for (var t = type; t is not null; t = t.BaseType)
        {
            var own = t.GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
                .FirstOrDefault(m => m.GetBaseDefinition() == method.GetBaseDefinition());
            if (own is not null)
                return own;
        }

        return method;
    }

    public Value Invoke(Span<Value> arguments)
    {
        var first = Arguments - _parameters.Length;
        var given = new object?[_parameters.Length];
        for (var i = 0; i < given.Length; i++)
            given[i] = arguments[first + i].To(_parameters[i].ParameterType);
        if (Method is ConstructorInfo constructor && first == 0)
            return Value.Of(constructor.Invoke(given));
        try
        {
            var result = Method.Invoke(first == 0 ? null : arguments[0].Object, given);
            return ReturnsValue ? Value.From(result, ((MethodInfo)Method).ReturnType) : default;
        }
        catch (TargetInvocationException e)
        {
            throw new PlayFault($"{IlMethod.Name(Method)} threw {e.InnerException!.Message}");
        }
    }

    private bool RunsAtOnce(bool creates)
    {
        var type = Method.DeclaringType!;
        if (creates)
            return !type.IsValueType || Layout.IsOpaque(type);
        if (type == typeof(HostScratch))
            return true;
        if (type.Assembly.GetName().Name!.StartsWith("Spoco", StringComparison.Ordinal))
            return false;
        // Instance methods of structs work on a variable of the thread; references and spans cannot be handed over in boxes.
        if (!Method.IsStatic && type.IsValueType)
            return false;
        return _parameters.All(p => !p.ParameterType.IsByRef && !p.ParameterType.IsByRefLike && (p.ParameterType.IsPrimitive || p.ParameterType.IsPointer
            || p.ParameterType.IsEnum || !p.ParameterType.IsValueType || Layout.IsOpaque(p.ParameterType)));
    }
}
