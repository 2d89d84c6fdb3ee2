namespace Spoco.Tests.Interleavings;

/// <summary>Arithmetic as the instructions define it, on what the stack holds.</summary>
internal static class Arithmetic
{
    public static Value Binary(Op op, in Value a, in Value b)
    {
        if (a.Kind == ValueKind.Single && b.Kind == ValueKind.Single)
        {
            return Value.Of(op switch
            {
                Op.Add => a.Single + b.Single,
                Op.Sub => a.Single - b.Single,
                Op.Mul => a.Single * b.Single,
                Op.Div => a.Single / b.Single,
                _ => a.Single % b.Single,
            });
        }

        if (a.Kind is ValueKind.Single or ValueKind.Double)
        {
            return Value.Of(op switch
            {
                Op.Add => a.Double + b.Double,
                Op.Sub => a.Double - b.Double,
                Op.Mul => a.Double * b.Double,
                Op.Div => a.Double / b.Double,
                _ => a.Double % b.Double,
            });
        }

        if (op is Op.Div or Op.DivUn or Op.Rem or Op.RemUn && b.Bits == 0)
            throw new PlayFault("a division by zero");
        return a.Kind == ValueKind.Int32 && b.Kind == ValueKind.Int32 ? Value.Of(Narrow(op, a.Int, b.Int)) : Value.Of(Wide(op, a.Bits, b.Bits));
    }

    public static Value Shift(Op op, in Value value, int by) => (op, value.Kind) switch
    {
        (Op.Shl, ValueKind.Int32) => Value.Of(value.Int << by),
        (Op.Shl, _) => Value.Of(value.Bits << by),
        (Op.Shr, ValueKind.Int32) => Value.Of(value.Int >> by),
        (Op.Shr, _) => Value.Of(value.Bits >> by),
        (_, ValueKind.Int32) => Value.Of(value.Int >>> by),
        _ => Value.Of(value.Bits >>> by),
    };

    /// <summary>0 ==, 1 >=, 2 >, 3 &lt;=, 4 &lt;, and without signs, or with NaN counting as true: 5 !=, 6 >=, 7 >, 8 &lt;=, 9 &lt;.</summary>
    public static bool Compare(int how, in Value a, in Value b)
    {
        if (a.Kind is ValueKind.Object or ValueKind.Reference || b.Kind is ValueKind.Object or ValueKind.Reference)
        {
            var same = ReferenceEquals(a.Object, b.Object) && a.Bits == b.Bits;
            return how == 0 ? same : !same;
        }

        if (a.Kind is ValueKind.Single or ValueKind.Double)
        {
            var (x, y) = (a.Double, b.Double);
            return how switch
            {
                0 => x == y,
                1 => x >= y,
                2 => x > y,
                3 => x <= y,
                4 => x < y,
                5 => x != y,
                6 => !(x < y),
                7 => !(x <= y),
                8 => !(x > y),
                _ => !(x >= y),
            };
        }

        // Without signs, 32 bits must not be extended by theirs.
        var narrow = a.Kind == ValueKind.Int32 && b.Kind == ValueKind.Int32;
        var (u, v) = narrow ? ((uint)a.Bits, (uint)b.Bits) : ((ulong)a.Bits, (ulong)b.Bits);
        return how switch
        {
            0 => a.Bits == b.Bits,
            1 => a.Bits >= b.Bits,
            2 => a.Bits > b.Bits,
            3 => a.Bits <= b.Bits,
            4 => a.Bits < b.Bits,
            5 => u != v,
            6 => u >= v,
            7 => u > v,
            8 => u <= v,
            _ => u < v,
        };
    }

    public static Value Convert(Op op, in Value value)
    {
        if (op == Op.ConvR4)
            return Value.Of(value.Kind is ValueKind.Single or ValueKind.Double ? (float)value.Double : value.Bits);
        if (op == Op.ConvR8)
            return Value.Of(value.Kind is ValueKind.Single or ValueKind.Double ? value.Double : value.Bits);
        if (op == Op.ConvRUn)
            return Value.Of(value.Kind == ValueKind.Int32 ? (uint)value.Bits : (double)(ulong)value.Bits);
        if (value.Kind == ValueKind.Reference)
            throw new NotSupportedException("The address of a variable as a pointer is not played.");
        var isFloat = value.Kind is ValueKind.Single or ValueKind.Double;
        var bits = !isFloat ? value.Bits : op is Op.ConvU8 or Op.ConvU ? (long)(ulong)value.Double : (long)value.Double;
        return op switch
        {
            Op.ConvI1 => Value.Of((int)(sbyte)bits),
            Op.ConvI2 => Value.Of((int)(short)bits),
            Op.ConvI4 => Value.Of((int)bits),
            Op.ConvU1 => Value.Of((int)(byte)bits),
            Op.ConvU2 => Value.Of((int)(ushort)bits),
            Op.ConvU4 => Value.Of((int)bits),
            Op.ConvU8 or Op.ConvU => Value.Of(value.Kind == ValueKind.Int32 ? (uint)bits : bits),
            Op.ConvI8 or Op.ConvI => Value.Of(bits),
            Op.ConvOvfI4 or Op.ConvOvfI4Un => Value.Of(checked((int)(op == Op.ConvOvfI4 ? bits : (long)Unsigned(value)))),
            Op.ConvOvfU4 or Op.ConvOvfU4Un => Value.Of((int)checked((uint)(op == Op.ConvOvfU4 ? bits : (long)Unsigned(value)))),
            Op.ConvOvfI8 or Op.ConvOvfI => Value.Of(bits),
            Op.ConvOvfU8 or Op.ConvOvfU => Value.Of((long)checked((ulong)bits)),
            Op.ConvOvfI8Un or Op.ConvOvfIUn => Value.Of(checked((long)Unsigned(value))),
            Op.ConvOvfU8Un or Op.ConvOvfUUn => Value.Of((long)Unsigned(value)),
            _ => throw new NotSupportedException($"{op} is not played."),
        };
    }

    private static ulong Unsigned(in Value value) => value.Kind == ValueKind.Int32 ? (uint)value.Bits : (ulong)value.Bits;

    private static int Narrow(Op op, int a, int b) => op switch
    {
        Op.Add => a + b,
        Op.Sub => a - b,
        Op.Mul => a * b,
        Op.Div => a / b,
        Op.DivUn => (int)((uint)a / (uint)b),
        Op.Rem => a % b,
        Op.RemUn => (int)((uint)a % (uint)b),
        Op.And => a & b,
        Op.Or => a | b,
        Op.Xor => a ^ b,
        Op.AddOvf => checked(a + b),
        Op.AddOvfUn => (int)checked((uint)a + (uint)b),
        Op.SubOvf => checked(a - b),
        Op.SubOvfUn => (int)checked((uint)a - (uint)b),
        Op.MulOvf => checked(a * b),
        _ => (int)checked((uint)a * (uint)b),
    };

    private static long Wide(Op op, long a, long b) => op switch
    {
        Op.Add => a + b,
        Op.Sub => a - b,
        Op.Mul => a * b,
        Op.Div => a / b,
        Op.DivUn => (long)((ulong)a / (ulong)b),
        Op.Rem => a % b,
        Op.RemUn => (long)((ulong)a % (ulong)b),
        Op.And => a & b,
        Op.Or => a | b,
        Op.Xor => a ^ b,
        Op.AddOvf => checked(a + b),
        Op.AddOvfUn => (long)checked((ulong)a + (ulong)b),
        Op.SubOvf => checked(a - b),
        Op.SubOvfUn => (long)checked((ulong)a - (ulong)b),
        Op.MulOvf => checked(a * b),
        _ => (long)checked((ulong)a * (ulong)b),
    };
}
