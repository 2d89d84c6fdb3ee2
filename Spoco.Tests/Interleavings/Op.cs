namespace Spoco.Tests.Interleavings;

/// <summary>Instructions by their number: ECMA-335, III.1.2.1.</summary>
internal enum Op : ushort
{
    Nop = 0x00, Ldarg0 = 0x02, Ldarg1, Ldarg2, Ldarg3, Ldloc0, Ldloc1, Ldloc2, Ldloc3, Stloc0, Stloc1, Stloc2, Stloc3,
    LdargS = 0x0E, LdargaS, StargS, LdlocS, LdlocaS, StlocS, Ldnull, LdcI4M1, LdcI40, LdcI48 = 0x1E, LdcI4S, LdcI4, LdcI8, LdcR4, LdcR8,
    Dup = 0x25, Pop, Call = 0x28, Calli, Ret, BrS, BrfalseS, BrtrueS, BeqS, BgeS, BgtS, BleS, BltS, BneUnS, BgeUnS, BgtUnS, BleUnS, BltUnS,
    Br, Brfalse, Brtrue, Beq, Bge, Bgt, Ble, Blt, BneUn, BgeUn, BgtUn, BleUn, BltUn, Switch,
    LdindI1, LdindU1, LdindI2, LdindU2, LdindI4, LdindU4, LdindI8, LdindI, LdindR4, LdindR8, LdindRef, StindRef, StindI1, StindI2, StindI4, StindI8,
    StindR4, StindR8, Add, Sub, Mul, Div, DivUn, Rem, RemUn, And, Or, Xor, Shl, Shr, ShrUn, Neg, Not,
    ConvI1, ConvI2, ConvI4, ConvI8, ConvR4, ConvR8, ConvU4, ConvU8, Callvirt, Cpobj, Ldobj, Ldstr, Newobj, Castclass, Isinst, ConvRUn,
    Unbox = 0x79, Throw, Ldfld, Ldflda, Stfld, Ldsfld, Ldsflda, Stsfld, Stobj,
    ConvOvfI1Un = 0x82, ConvOvfI2Un, ConvOvfI4Un, ConvOvfI8Un, ConvOvfU1Un, ConvOvfU2Un, ConvOvfU4Un, ConvOvfU8Un, ConvOvfIUn, ConvOvfUUn,
    Box = 0x8C, Newarr, Ldlen, Ldelema, LdelemI1, LdelemU1, LdelemI2, LdelemU2, LdelemI4, LdelemU4, LdelemI8, LdelemI, LdelemR4, LdelemR8, LdelemRef,
    StelemI, StelemI1, StelemI2, StelemI4, StelemI8, StelemR4, StelemR8, StelemRef, Ldelem, Stelem, UnboxAny,
    ConvOvfI1 = 0xB3, ConvOvfU1, ConvOvfI2, ConvOvfU2, ConvOvfI4, ConvOvfU4, ConvOvfI8, ConvOvfU8,
    ConvU2 = 0xD1, ConvU1, ConvI, ConvOvfI, ConvOvfU, AddOvf, AddOvfUn, MulOvf, MulOvfUn, SubOvf, SubOvfUn, Endfinally, Leave, LeaveS, StindI, ConvU,
    Ceq = 0xFE01, Cgt, CgtUn, Clt, CltUn, Ldftn, Ldarg = 0xFE09, Ldarga, Starg, Ldloc, Ldloca, Stloc, Localloc,
    Initobj = 0xFE15, Sizeof = 0xFE1C,
}
