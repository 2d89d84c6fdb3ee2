using System.Reflection;
using System.Reflection.Emit;

namespace Spoco.Tests.Interleavings;

/// <summary>One instruction of a method, its operand resolved.</summary>
internal sealed class IlInstruction
{
    /// <summary>What it does.</summary>
    public required OpCode OpCode { get; init; }

    /// <summary>Where it stands in the method's bytes.</summary>
    public required int Offset { get; init; }

    /// <summary>A number, or the index of the instruction that a branch leads to.</summary>
    public long Number { get; set; }

    /// <summary>A method, field, type, string, or the targets of a switch.</summary>
    public object? Operand { get; set; }

    /// <summary>What was worked out from the operand at the first execution.</summary>
    public object? Resolved { get; set; }

    /// <summary>The type that a constrained call is made on.</summary>
    public Type? Constraint { get; set; }

    /// <inheritdoc/>
    public override string ToString() => $"IL_{Offset:x4} {OpCode.Name} {Operand}";
}

/// <summary>The body of a method as the compiler left it: ECMA-335, part III.</summary>
internal sealed class IlMethod
{
    private static readonly Dictionary<short, OpCode> OpCodes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value);

    private static readonly Dictionary<MethodBase, IlMethod> Known = [];

    private IlMethod(MethodBase method)
    {
        Method = method;
        var body = method.GetMethodBody() ?? throw new NotSupportedException($"{Name(method)} has no body to play.");
        Locals = [.. body.LocalVariables.OrderBy(local => local.LocalIndex).Select(local => local.LocalType)];
        Arguments = [.. method.IsStatic ? [] : new[] { method.DeclaringType! }, .. method.GetParameters().Select(p => p.ParameterType)];
        ReturnsValue = method is MethodInfo { ReturnType: var type } && type != typeof(void);
        Instructions = Decode(body.GetILAsByteArray()!);
        Finally = [.. body.ExceptionHandlingClauses.Where(clause => clause.Flags == ExceptionHandlingClauseOptions.Finally)
            .Select(clause => (At(clause.TryOffset), At(clause.TryOffset + clause.TryLength), At(clause.HandlerOffset)))];
        int At(int offset) => Array.FindIndex(Instructions, i => i.Offset >= offset) is >= 0 and var index ? index : Instructions.Length;
    }

    /// <summary>The method.</summary>
    public MethodBase Method { get; }

    /// <summary>Its instructions.</summary>
    public IlInstruction[] Instructions { get; }

    /// <summary>Types of its local variables.</summary>
    public Type[] Locals { get; }

    /// <summary>Types of its arguments, `this` included.</summary>
    public Type[] Arguments { get; }

    /// <summary>Whether it leaves a value on the stack of its caller.</summary>
    public bool ReturnsValue { get; }

    /// <summary>Try blocks with a finally block, innermost first: first instruction, one past the last, first of the handler.</summary>
    public (int From, int Until, int Handler)[] Finally { get; }

    /// <summary>The decoded body of a method, kept.</summary>
    public static IlMethod Of(MethodBase method)
    {
        lock (Known)
        {
            if (!Known.TryGetValue(method, out var known))
                Known[method] = known = new IlMethod(method);
            return known;
        }
    }

    /// <summary>A method as tables and messages name it.</summary>
    public static string Name(MethodBase method)
    {
        var type = method.DeclaringType!;
        return $"{type.Name.Split('`')[0]}.{method.Name}";
    }

    private IlInstruction[] Decode(byte[] il)
    {
        var module = Method.Module;
        var typeArguments = Method.DeclaringType is { IsGenericType: true } declaring ? declaring.GetGenericArguments() : null;
        var methodArguments = Method.IsGenericMethod ? Method.GetGenericArguments() : null;
        var instructions = new List<IlInstruction>();
        Type? constraint = null;
        for (var at = 0; at < il.Length;)
        {
            var offset = at;
            var value = (short)il[at++];
            if (value == 0xFE)
                value = (short)(0xFE00 | il[at++]);
            var code = OpCodes[value];
            var instruction = new IlInstruction { OpCode = code, Offset = offset };
            switch (code.OperandType)
            {
                case OperandType.InlineNone:
                    break;
                case OperandType.ShortInlineBrTarget:
                    instruction.Number = at + 1 + (sbyte)il[at];
                    at++;
                    break;
                case OperandType.InlineBrTarget:
                    instruction.Number = at + 4 + BitConverter.ToInt32(il, at);
                    at += 4;
                    break;
                case OperandType.ShortInlineI:
                    instruction.Number = code == System.Reflection.Emit.OpCodes.Ldc_I4_S ? (sbyte)il[at] : il[at];
                    at++;
                    break;
                case OperandType.ShortInlineVar:
                    instruction.Number = il[at++];
                    break;
                case OperandType.InlineVar:
                    instruction.Number = BitConverter.ToUInt16(il, at);
                    at += 2;
                    break;
                case OperandType.InlineI:
                    instruction.Number = BitConverter.ToInt32(il, at);
                    at += 4;
                    break;
                case OperandType.InlineI8:
                case OperandType.InlineR:
                    instruction.Number = BitConverter.ToInt64(il, at);
                    at += 8;
                    break;
                case OperandType.ShortInlineR:
                    instruction.Number = BitConverter.ToInt32(il, at);
                    at += 4;
                    break;
                case OperandType.InlineSwitch:
                    var count = BitConverter.ToInt32(il, at);
                    var next = at + 4 + 4 * count;
                    instruction.Operand = Enumerable.Range(0, count).Select(i => next + BitConverter.ToInt32(il, at + 4 + 4 * i)).ToArray();
                    at = next;
                    break;
                default:
                    var token = BitConverter.ToInt32(il, at);
                    at += 4;
                    instruction.Operand = code.OperandType switch
                    {
                        OperandType.InlineString => module.ResolveString(token),
                        OperandType.InlineSig => module.ResolveSignature(token),
                        _ => module.ResolveMember(token, typeArguments, methodArguments),
                    };
                    break;
            }

            if (code == System.Reflection.Emit.OpCodes.Constrained)
            {
                constraint = (Type)instruction.Operand!;
                continue;
            }

            // Prefixes that change nothing here.
            if (code.OpCodeType == OpCodeType.Prefix)
                continue;
            instruction.Constraint = constraint;
            constraint = null;
            instructions.Add(instruction);
        }

        var indexOf = instructions.Select((instruction, index) => (instruction.Offset, index)).ToDictionary();
        foreach (var instruction in instructions)
        {
            if (instruction.OpCode.OperandType is OperandType.ShortInlineBrTarget or OperandType.InlineBrTarget)
                instruction.Number = Target((int)instruction.Number);
            if (instruction.Operand is int[] targets)
                instruction.Operand = Array.ConvertAll(targets, Target);
        }

        return [.. instructions];

        // A branch may lead to a prefix, which is not kept.
        int Target(int offset) => indexOf.TryGetValue(offset, out var index) ? index : instructions.FindIndex(i => i.Offset > offset);
    }
}
