namespace Spoco.Kernels.Primitives;

/// <summary>
/// The instructions of <see cref="WarpTile"/> and <see cref="WarpGradientTile"/> on the registers of <see cref="WarpSums"/>: <c>row</c>, four of each fragment of
/// rows; <c>column</c>, two of each of columns; their <c>Rest</c> where words are cut; <c>sum</c>, four of each pair, those of row fragment i and column fragment
/// j from 16 i + 4 j on.
/// </summary>
internal static class MatrixInstructions
{
    /// <summary>Two row fragments and four column fragments: two rows' places, then the columns'.</summary>
    public const string LoadWide = "add.u32 at0, shared, %0; add.u32 at1, shared, %1; add.u32 at2, shared, %2; "
        + $"{Load} {R0}, [at0]; {Load} {R1}, [at1]; {Load} {ColumnPair}, [at2]; {Load} {NextColumnPair}, [at2+1024];";

    /// <summary>Four row fragments and two column fragments: four rows' places, then the columns'.</summary>
    public const string LoadNarrow = "add.u32 at0, shared, %0; add.u32 at1, shared, %1; add.u32 at2, shared, %2; add.u32 at3, shared, %3; "
        + $"add.u32 at4, shared, %4; {Load} {R0}, [at0]; {Load} {R1}, [at1]; {Load} {R2}, [at2]; {Load} {R3}, [at3]; {Load} {ColumnPair}, [at4];";

    /// <summary>Three row fragments at neighbouring positions of the window, and two column fragments: place of the rows' first voxel, place of the columns'.</summary>
    public const string LoadGradientNarrow = "add.u32 at0, shared, %0; add.u32 at1, shared, %1; "
        + "ld.shared.v2.b32 {row0, row1}, [at0]; ld.shared.v2.b32 {row2, row3}, [at0+128]; "
        + "ld.shared.v2.b32 {row4, row5}, [at0+32]; ld.shared.v2.b32 {row6, row7}, [at0+160]; "
        + "ld.shared.v2.b32 {row8, row9}, [at0+64]; ld.shared.v2.b32 {row10, row11}, [at0+192]; "
        + "ld.shared.b32 column0, [at1]; ld.shared.b32 column1, [at1+128]; ld.shared.b32 column2, [at1+2080]; ld.shared.b32 column3, [at1+2208]; ";

    /// <summary>The same with four column fragments.</summary>
    public const string LoadGradientWide = LoadGradientNarrow
        + "ld.shared.b32 column4, [at1+4160]; ld.shared.b32 column5, [at1+4288]; ld.shared.b32 column6, [at1+6240]; ld.shared.b32 column7, [at1+6368];";

    /// <summary>
    /// As <see cref="LoadGradientNarrow"/>, of brain floating-point numbers of sixteen voxels: matrices of eight voxels and eight channels, whose voxels a thread names, and of which it gets those of
    /// two voxels and a channel.
    /// </summary>
    public const string LoadGradientPairsNarrow = "add.u32 at0, shared, %0; add.u32 at1, shared, %1; "
        + $"{LoadTransposed} {R0}, [at0]; {LoadTransposed} {R1}, [at0+16]; {LoadTransposed} {R2}, [at0+32]; {LoadTransposed} {ColumnPair}, [at1]; ";

    /// <summary>The same with four column fragments.</summary>
    public const string LoadGradientPairsWide = LoadGradientPairsNarrow + $"{LoadTransposed} {NextColumnPair}, [at1+2080];";

    /// <summary>Products of single-precision words, of which the upper 19 bits count.</summary>
    public const string TensorFloat32Wide = T00 + T01 + T02 + T03 + T10 + T11 + T12 + T13;

    /// <summary>Products of single-precision words, of which the upper 19 bits count.</summary>
    public const string TensorFloat32Narrow = T00 + T01 + T10 + T11 + T20 + T21 + T30 + T31;

    /// <summary>Products of single-precision words, of which the upper 19 bits count.</summary>
    public const string TensorFloat32GradientWide = T00 + T01 + T02 + T03 + T10 + T11 + T12 + T13 + T20 + T21 + T22 + T23;

    /// <summary>Products of single-precision words, of which the upper 19 bits count.</summary>
    public const string TensorFloat32GradientNarrow = T00 + T01 + T10 + T11 + T20 + T21;

    /// <summary>Products of words of two brain floating-point numbers.</summary>
    public const string BrainFloat16Wide = B00 + B01 + B02 + B03 + B10 + B11 + B12 + B13;

    /// <summary>Products of words of two brain floating-point numbers.</summary>
    public const string BrainFloat16Narrow = B00 + B01 + B10 + B11 + B20 + B21 + B30 + B31;

    /// <summary>Products of words of two brain floating-point numbers.</summary>
    public const string BrainFloat16GradientWide = BrainFloat16GradientNarrow + B02 + B03 + B12 + B13 + B22 + B23;

    /// <summary>Products of words of two brain floating-point numbers.</summary>
    public const string BrainFloat16GradientNarrow = B00 + B01 + B10 + B11 + B20 + B21;

    /// <summary>Products of single-precision words nearly as they are, see <see cref="SingleOperand"/>.</summary>
    public const string SingleWide = RestOfR0 + RestOfR1 + RestOfColumnPair + RestOfNextColumnPair
        + L00 + L01 + L02 + L03 + L10 + L11 + L12 + L13;

    /// <summary>Products of single-precision words nearly as they are, see <see cref="SingleOperand"/>.</summary>
    public const string SingleNarrow = RestOfR0 + RestOfR1 + RestOfR2 + RestOfR3 + RestOfColumnPair
        + L00 + L01 + L10 + L11 + L20 + L21 + L30 + L31;

    /// <summary>Products of single-precision words nearly as they are, see <see cref="SingleOperand"/>.</summary>
    public const string SingleGradientWide = SingleGradientNarrow + RestOfNextColumnPair + L02 + L03 + L12 + L13 + L22 + L23;

    /// <summary>Products of single-precision words nearly as they are, see <see cref="SingleOperand"/>.</summary>
    public const string SingleGradientNarrow = RestOfColumnPair + RestOfR0 + L00 + L01 + RestOfR1 + L10 + L11 + RestOfR2 + L20 + L21;

    /// <summary>Stores the sums in shared memory: place of row g of the first fragment, and the bytes of eight rows.</summary>
    public const string StoreWide = StoreAt + ToUpper0 + ToUpper0Next + Down + ToLower0 + ToLower0Next + Down + ToUpper1 + ToUpper1Next + Down + ToLower1 + ToLower1Next;

    /// <summary>The same.</summary>
    public const string StoreNarrow = StoreAt + ToUpper0 + Down + ToLower0 + Down + ToUpper1 + Down + ToLower1 + Down + ToUpper2 + Down + ToLower2 + Down + ToUpper3 + Down + ToLower3;

    /// <summary>
    /// Stores the sums: address of the first one, bytes from a position of the window to the next, bytes from the first channel to the second, channels that there are from the first one on, channels
    /// from the first to the second.
    /// </summary>
    public const string StoreGradientWide = StoreGradientAt + G00 + G01 + G02 + G03 + NextTap + G10 + G11 + G12 + G13 + NextTap + G20 + G21 + G22 + G23 + "}";

    /// <summary>The same.</summary>
    public const string StoreGradientNarrow = StoreGradientAt + G00 + G01 + NextTap + G10 + G11 + NextTap + G20 + G21 + "}";

    private const string Load = "ldmatrix.sync.aligned.m8n8.x4.shared.b16", LoadTransposed = "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16", Tf32 = "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32",
        Bf16 = "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32";

    private const string R0 = "{row0, row1, row2, row3}",
        R1 = "{row4, row5, row6, row7}",
        R2 = "{row8, row9, row10, row11}",
        R3 = "{row12, row13, row14, row15}",
        ColumnPair = "{column0, column1, column2, column3}",
        NextColumnPair = "{column4, column5, column6, column7}";

    private const string C0 = "{column0, column1}",
        C1 = "{column2, column3}",
        C2 = "{column4, column5}",
        C3 = "{column6, column7}",
        U0 = "{rowRest0, rowRest1, rowRest2, rowRest3}",
        U1 = "{rowRest4, rowRest5, rowRest6, rowRest7}",
        U2 = "{rowRest8, rowRest9, rowRest10, rowRest11}",
        U3 = "{rowRest12, rowRest13, rowRest14, rowRest15}",
        D0 = "{columnRest0, columnRest1}",
        D1 = "{columnRest2, columnRest3}",
        D2 = "{columnRest4, columnRest5}",
        D3 = "{columnRest6, columnRest7}";

    private const string S00 = "{sum0, sum1, sum2, sum3}",
        S01 = "{sum4, sum5, sum6, sum7}",
        S02 = "{sum8, sum9, sum10, sum11}",
        S03 = "{sum12, sum13, sum14, sum15}",
        S10 = "{sum16, sum17, sum18, sum19}",
        S11 = "{sum20, sum21, sum22, sum23}",
        S12 = "{sum24, sum25, sum26, sum27}",
        S13 = "{sum28, sum29, sum30, sum31}",
        S20 = "{sum32, sum33, sum34, sum35}",
        S21 = "{sum36, sum37, sum38, sum39}",
        S22 = "{sum40, sum41, sum42, sum43}",
        S23 = "{sum44, sum45, sum46, sum47}",
        S30 = "{sum48, sum49, sum50, sum51}",
        S31 = "{sum52, sum53, sum54, sum55}";

    private const string T00 = $"{Tf32} {S00}, {R0}, {C0}, {S00}; ",
        T01 = $"{Tf32} {S01}, {R0}, {C1}, {S01}; ",
        T02 = $"{Tf32} {S02}, {R0}, {C2}, {S02}; ",
        T03 = $"{Tf32} {S03}, {R0}, {C3}, {S03}; ",
        T10 = $"{Tf32} {S10}, {R1}, {C0}, {S10}; ",
        T11 = $"{Tf32} {S11}, {R1}, {C1}, {S11}; ",
        T12 = $"{Tf32} {S12}, {R1}, {C2}, {S12}; ",
        T13 = $"{Tf32} {S13}, {R1}, {C3}, {S13}; ",
        T20 = $"{Tf32} {S20}, {R2}, {C0}, {S20}; ",
        T21 = $"{Tf32} {S21}, {R2}, {C1}, {S21}; ",
        T22 = $"{Tf32} {S22}, {R2}, {C2}, {S22}; ",
        T23 = $"{Tf32} {S23}, {R2}, {C3}, {S23}; ",
        T30 = $"{Tf32} {S30}, {R3}, {C0}, {S30}; ",
        T31 = $"{Tf32} {S31}, {R3}, {C1}, {S31}; ";

    private const string B00 = $"{Bf16} {S00}, {R0}, {C0}, {S00}; ",
        B01 = $"{Bf16} {S01}, {R0}, {C1}, {S01}; ",
        B02 = $"{Bf16} {S02}, {R0}, {C2}, {S02}; ",
        B03 = $"{Bf16} {S03}, {R0}, {C3}, {S03}; ",
        B10 = $"{Bf16} {S10}, {R1}, {C0}, {S10}; ",
        B11 = $"{Bf16} {S11}, {R1}, {C1}, {S11}; ",
        B12 = $"{Bf16} {S12}, {R1}, {C2}, {S12}; ",
        B13 = $"{Bf16} {S13}, {R1}, {C3}, {S13}; ",
        B20 = $"{Bf16} {S20}, {R2}, {C0}, {S20}; ",
        B21 = $"{Bf16} {S21}, {R2}, {C1}, {S21}; ",
        B22 = $"{Bf16} {S22}, {R2}, {C2}, {S22}; ",
        B23 = $"{Bf16} {S23}, {R2}, {C3}, {S23}; ",
        B30 = $"{Bf16} {S30}, {R3}, {C0}, {S30}; ",
        B31 = $"{Bf16} {S31}, {R3}, {C1}, {S31}; ";

    /// <summary>Lower times upper, upper times lower, upper times upper: from 0 in registers of their own, which are then added.</summary>
    private const string L00 = $"{Tf32} {P}, {U0}, {C0}, {Zero}; {Tf32} {P}, {R0}, {D0}, {P}; {Tf32} {P}, {R0}, {C0}, {P}; "
            + "add.f32 sum0, sum0, part0; add.f32 sum1, sum1, part1; add.f32 sum2, sum2, part2; add.f32 sum3, sum3, part3; ",
        L01 = $"{Tf32} {P}, {U0}, {C1}, {Zero}; {Tf32} {P}, {R0}, {D1}, {P}; {Tf32} {P}, {R0}, {C1}, {P}; "
            + "add.f32 sum4, sum4, part0; add.f32 sum5, sum5, part1; add.f32 sum6, sum6, part2; add.f32 sum7, sum7, part3; ",
        L02 = $"{Tf32} {P}, {U0}, {C2}, {Zero}; {Tf32} {P}, {R0}, {D2}, {P}; {Tf32} {P}, {R0}, {C2}, {P}; "
            + "add.f32 sum8, sum8, part0; add.f32 sum9, sum9, part1; add.f32 sum10, sum10, part2; add.f32 sum11, sum11, part3; ",
        L03 = $"{Tf32} {P}, {U0}, {C3}, {Zero}; {Tf32} {P}, {R0}, {D3}, {P}; {Tf32} {P}, {R0}, {C3}, {P}; "
            + "add.f32 sum12, sum12, part0; add.f32 sum13, sum13, part1; add.f32 sum14, sum14, part2; add.f32 sum15, sum15, part3; ",
        L10 = $"{Tf32} {P}, {U1}, {C0}, {Zero}; {Tf32} {P}, {R1}, {D0}, {P}; {Tf32} {P}, {R1}, {C0}, {P}; "
            + "add.f32 sum16, sum16, part0; add.f32 sum17, sum17, part1; add.f32 sum18, sum18, part2; add.f32 sum19, sum19, part3; ",
        L11 = $"{Tf32} {P}, {U1}, {C1}, {Zero}; {Tf32} {P}, {R1}, {D1}, {P}; {Tf32} {P}, {R1}, {C1}, {P}; "
            + "add.f32 sum20, sum20, part0; add.f32 sum21, sum21, part1; add.f32 sum22, sum22, part2; add.f32 sum23, sum23, part3; ",
        L12 = $"{Tf32} {P}, {U1}, {C2}, {Zero}; {Tf32} {P}, {R1}, {D2}, {P}; {Tf32} {P}, {R1}, {C2}, {P}; "
            + "add.f32 sum24, sum24, part0; add.f32 sum25, sum25, part1; add.f32 sum26, sum26, part2; add.f32 sum27, sum27, part3; ",
        L13 = $"{Tf32} {P}, {U1}, {C3}, {Zero}; {Tf32} {P}, {R1}, {D3}, {P}; {Tf32} {P}, {R1}, {C3}, {P}; "
            + "add.f32 sum28, sum28, part0; add.f32 sum29, sum29, part1; add.f32 sum30, sum30, part2; add.f32 sum31, sum31, part3; ",
        L20 = $"{Tf32} {P}, {U2}, {C0}, {Zero}; {Tf32} {P}, {R2}, {D0}, {P}; {Tf32} {P}, {R2}, {C0}, {P}; "
            + "add.f32 sum32, sum32, part0; add.f32 sum33, sum33, part1; add.f32 sum34, sum34, part2; add.f32 sum35, sum35, part3; ",
        L21 = $"{Tf32} {P}, {U2}, {C1}, {Zero}; {Tf32} {P}, {R2}, {D1}, {P}; {Tf32} {P}, {R2}, {C1}, {P}; "
            + "add.f32 sum36, sum36, part0; add.f32 sum37, sum37, part1; add.f32 sum38, sum38, part2; add.f32 sum39, sum39, part3; ",
        L22 = $"{Tf32} {P}, {U2}, {C2}, {Zero}; {Tf32} {P}, {R2}, {D2}, {P}; {Tf32} {P}, {R2}, {C2}, {P}; "
            + "add.f32 sum40, sum40, part0; add.f32 sum41, sum41, part1; add.f32 sum42, sum42, part2; add.f32 sum43, sum43, part3; ",
        L23 = $"{Tf32} {P}, {U2}, {C3}, {Zero}; {Tf32} {P}, {R2}, {D3}, {P}; {Tf32} {P}, {R2}, {C3}, {P}; "
            + "add.f32 sum44, sum44, part0; add.f32 sum45, sum45, part1; add.f32 sum46, sum46, part2; add.f32 sum47, sum47, part3; ",
        L30 = $"{Tf32} {P}, {U3}, {C0}, {Zero}; {Tf32} {P}, {R3}, {D0}, {P}; {Tf32} {P}, {R3}, {C0}, {P}; "
            + "add.f32 sum48, sum48, part0; add.f32 sum49, sum49, part1; add.f32 sum50, sum50, part2; add.f32 sum51, sum51, part3; ",
        L31 = $"{Tf32} {P}, {U3}, {C1}, {Zero}; {Tf32} {P}, {R3}, {D1}, {P}; {Tf32} {P}, {R3}, {C1}, {P}; "
            + "add.f32 sum52, sum52, part0; add.f32 sum53, sum53, part1; add.f32 sum54, sum54, part2; add.f32 sum55, sum55, part3; ",
        P = "{part0, part1, part2, part3}",
        Zero = "{zero, zero, zero, zero}";

    /// <summary>What the upper 19 bits leave of four words, rounded by a half of its last bit that counts.</summary>
    private const string RestOfR0 = "and.b32 upper, row0, 0xffffe000; sub.f32 rowRest0, row0, upper; add.u32 rowRest0, rowRest0, 0x1000; "
            + "and.b32 upper, row1, 0xffffe000; sub.f32 rowRest1, row1, upper; add.u32 rowRest1, rowRest1, 0x1000; "
            + "and.b32 upper, row2, 0xffffe000; sub.f32 rowRest2, row2, upper; add.u32 rowRest2, rowRest2, 0x1000; "
            + "and.b32 upper, row3, 0xffffe000; sub.f32 rowRest3, row3, upper; add.u32 rowRest3, rowRest3, 0x1000; ",
        RestOfR1 = "and.b32 upper, row4, 0xffffe000; sub.f32 rowRest4, row4, upper; add.u32 rowRest4, rowRest4, 0x1000; "
            + "and.b32 upper, row5, 0xffffe000; sub.f32 rowRest5, row5, upper; add.u32 rowRest5, rowRest5, 0x1000; "
            + "and.b32 upper, row6, 0xffffe000; sub.f32 rowRest6, row6, upper; add.u32 rowRest6, rowRest6, 0x1000; "
            + "and.b32 upper, row7, 0xffffe000; sub.f32 rowRest7, row7, upper; add.u32 rowRest7, rowRest7, 0x1000; ",
        RestOfR2 = "and.b32 upper, row8, 0xffffe000; sub.f32 rowRest8, row8, upper; add.u32 rowRest8, rowRest8, 0x1000; "
            + "and.b32 upper, row9, 0xffffe000; sub.f32 rowRest9, row9, upper; add.u32 rowRest9, rowRest9, 0x1000; "
            + "and.b32 upper, row10, 0xffffe000; sub.f32 rowRest10, row10, upper; add.u32 rowRest10, rowRest10, 0x1000; "
            + "and.b32 upper, row11, 0xffffe000; sub.f32 rowRest11, row11, upper; add.u32 rowRest11, rowRest11, 0x1000; ",
        RestOfR3 = "and.b32 upper, row12, 0xffffe000; sub.f32 rowRest12, row12, upper; add.u32 rowRest12, rowRest12, 0x1000; "
            + "and.b32 upper, row13, 0xffffe000; sub.f32 rowRest13, row13, upper; add.u32 rowRest13, rowRest13, 0x1000; "
            + "and.b32 upper, row14, 0xffffe000; sub.f32 rowRest14, row14, upper; add.u32 rowRest14, rowRest14, 0x1000; "
            + "and.b32 upper, row15, 0xffffe000; sub.f32 rowRest15, row15, upper; add.u32 rowRest15, rowRest15, 0x1000; ",
        RestOfColumnPair = "and.b32 upper, column0, 0xffffe000; sub.f32 columnRest0, column0, upper; add.u32 columnRest0, columnRest0, 0x1000; "
            + "and.b32 upper, column1, 0xffffe000; sub.f32 columnRest1, column1, upper; add.u32 columnRest1, columnRest1, 0x1000; "
            + "and.b32 upper, column2, 0xffffe000; sub.f32 columnRest2, column2, upper; add.u32 columnRest2, columnRest2, 0x1000; "
            + "and.b32 upper, column3, 0xffffe000; sub.f32 columnRest3, column3, upper; add.u32 columnRest3, columnRest3, 0x1000; ",
        RestOfNextColumnPair = "and.b32 upper, column4, 0xffffe000; sub.f32 columnRest4, column4, upper; add.u32 columnRest4, columnRest4, 0x1000; "
            + "and.b32 upper, column5, 0xffffe000; sub.f32 columnRest5, column5, upper; add.u32 columnRest5, columnRest5, 0x1000; "
            + "and.b32 upper, column6, 0xffffe000; sub.f32 columnRest6, column6, upper; add.u32 columnRest6, columnRest6, 0x1000; "
            + "and.b32 upper, column7, 0xffffe000; sub.f32 columnRest7, column7, upper; add.u32 columnRest7, columnRest7, 0x1000; ";

    private const string StoreAt = "add.u32 at0, shared, %0; ",
        Down = "add.u32 at0, at0, %1; ",
        ToUpper0 = "st.shared.v2.f32 [at0+0], {sum0, sum1}; st.shared.v2.f32 [at0+32], {sum4, sum5}; ",
        ToUpper0Next = "st.shared.v2.f32 [at0+64], {sum8, sum9}; st.shared.v2.f32 [at0+96], {sum12, sum13}; ",
        ToLower0 = "st.shared.v2.f32 [at0+0], {sum2, sum3}; st.shared.v2.f32 [at0+32], {sum6, sum7}; ",
        ToLower0Next = "st.shared.v2.f32 [at0+64], {sum10, sum11}; st.shared.v2.f32 [at0+96], {sum14, sum15}; ",
        ToUpper1 = "st.shared.v2.f32 [at0+0], {sum16, sum17}; st.shared.v2.f32 [at0+32], {sum20, sum21}; ",
        ToUpper1Next = "st.shared.v2.f32 [at0+64], {sum24, sum25}; st.shared.v2.f32 [at0+96], {sum28, sum29}; ",
        ToLower1 = "st.shared.v2.f32 [at0+0], {sum18, sum19}; st.shared.v2.f32 [at0+32], {sum22, sum23}; ",
        ToLower1Next = "st.shared.v2.f32 [at0+64], {sum26, sum27}; st.shared.v2.f32 [at0+96], {sum30, sum31}; ",
        ToUpper2 = "st.shared.v2.f32 [at0+0], {sum32, sum33}; st.shared.v2.f32 [at0+32], {sum36, sum37}; ",
        ToLower2 = "st.shared.v2.f32 [at0+0], {sum34, sum35}; st.shared.v2.f32 [at0+32], {sum38, sum39}; ",
        ToUpper3 = "st.shared.v2.f32 [at0+0], {sum48, sum49}; st.shared.v2.f32 [at0+32], {sum52, sum53}; ",
        ToLower3 = "st.shared.v2.f32 [at0+0], {sum50, sum51}; st.shared.v2.f32 [at0+32], {sum54, sum55}; ";

    private const string StoreGradientAt = "{ .reg .u64 to; .reg .u64 below; .reg .u64 tap; .reg .u64 row; .reg .pred first; .reg .pred second; "
            + "cvta.to.global.u64 to, %0; cvt.s64.s32 tap, %1; cvt.s64.s32 row, %2; setp.gt.s32 first, %3, 0; setp.gt.s32 second, %3, %4; add.u64 below, to, row; ",
        NextTap = "add.u64 to, to, tap; add.u64 below, to, row; ",
        G00 = "@first st.global.v2.f32 [to+0], {sum0, sum1}; @second st.global.v2.f32 [below+0], {sum2, sum3}; ",
        G01 = "@first st.global.v2.f32 [to+32], {sum4, sum5}; @second st.global.v2.f32 [below+32], {sum6, sum7}; ",
        G02 = "@first st.global.v2.f32 [to+64], {sum8, sum9}; @second st.global.v2.f32 [below+64], {sum10, sum11}; ",
        G03 = "@first st.global.v2.f32 [to+96], {sum12, sum13}; @second st.global.v2.f32 [below+96], {sum14, sum15}; ",
        G10 = "@first st.global.v2.f32 [to+0], {sum16, sum17}; @second st.global.v2.f32 [below+0], {sum18, sum19}; ",
        G11 = "@first st.global.v2.f32 [to+32], {sum20, sum21}; @second st.global.v2.f32 [below+32], {sum22, sum23}; ",
        G12 = "@first st.global.v2.f32 [to+64], {sum24, sum25}; @second st.global.v2.f32 [below+64], {sum26, sum27}; ",
        G13 = "@first st.global.v2.f32 [to+96], {sum28, sum29}; @second st.global.v2.f32 [below+96], {sum30, sum31}; ",
        G20 = "@first st.global.v2.f32 [to+0], {sum32, sum33}; @second st.global.v2.f32 [below+0], {sum34, sum35}; ",
        G21 = "@first st.global.v2.f32 [to+32], {sum36, sum37}; @second st.global.v2.f32 [below+32], {sum38, sum39}; ",
        G22 = "@first st.global.v2.f32 [to+64], {sum40, sum41}; @second st.global.v2.f32 [below+64], {sum42, sum43}; ",
        G23 = "@first st.global.v2.f32 [to+96], {sum44, sum45}; @second st.global.v2.f32 [below+96], {sum46, sum47}; ";
}
