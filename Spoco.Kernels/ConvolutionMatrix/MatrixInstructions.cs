namespace Spoco.Kernels.Primitives;

/// <summary>The instructions of <see cref="WarpTile"/> on its registers. Wide: two fragments below each other and four side by side; narrow: four and two.</summary>
internal static class MatrixInstructions
{
    /// <summary>Loads rows and columns: two rows' places, then the columns'.</summary>
    public const string LoadWide =
        "add.u32 at0, shared, %0; add.u32 at1, shared, %1; add.u32 at2, shared, %2; "
        + "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {row0, row1, row2, row3}, [at0]; "
        + "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {row4, row5, row6, row7}, [at1]; "
        + "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {column0, column1, column2, column3}, [at2]; "
        + "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {column4, column5, column6, column7}, [at2+1024];";

    /// <summary>Loads rows and columns: four rows' places, then the columns'.</summary>
    public const string LoadNarrow =
        "add.u32 at0, shared, %0; add.u32 at1, shared, %1; add.u32 at2, shared, %2; add.u32 at3, shared, %3; "
        + "add.u32 at4, shared, %4; ldmatrix.sync.aligned.m8n8.x4.shared.b16 {row0, row1, row2, row3}, [at0]; "
        + "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {row4, row5, row6, row7}, [at1]; "
        + "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {row8, row9, row10, row11}, [at2]; "
        + "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {row12, row13, row14, row15}, [at3]; "
        + "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {column0, column1, column2, column3}, [at4];";

    /// <summary>Adds products of single-precision words, of which the upper 19 bits count.</summary>
    public const string TensorFloat32Wide =
        "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum0, sum1, sum2, sum3}, {row0, row1, row2, row3}, {column0, column1}, {sum0, sum1, sum2, sum3}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum4, sum5, sum6, sum7}, {row0, row1, row2, row3}, {column2, column3}, {sum4, sum5, sum6, sum7}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum8, sum9, sum10, sum11}, {row0, row1, row2, row3}, {column4, column5}, {sum8, sum9, sum10, sum11}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum12, sum13, sum14, sum15}, {row0, row1, row2, row3}, {column6, column7}, {sum12, sum13, sum14, sum15}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum16, sum17, sum18, sum19}, {row4, row5, row6, row7}, {column0, column1}, {sum16, sum17, sum18, sum19}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum20, sum21, sum22, sum23}, {row4, row5, row6, row7}, {column2, column3}, {sum20, sum21, sum22, sum23}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum24, sum25, sum26, sum27}, {row4, row5, row6, row7}, {column4, column5}, {sum24, sum25, sum26, sum27}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum28, sum29, sum30, sum31}, {row4, row5, row6, row7}, {column6, column7}, {sum28, sum29, sum30, sum31};";

    /// <summary>Adds products of single-precision words, of which the upper 19 bits count.</summary>
    public const string TensorFloat32Narrow =
        "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum0, sum1, sum2, sum3}, {row0, row1, row2, row3}, {column0, column1}, {sum0, sum1, sum2, sum3}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum4, sum5, sum6, sum7}, {row0, row1, row2, row3}, {column2, column3}, {sum4, sum5, sum6, sum7}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum8, sum9, sum10, sum11}, {row4, row5, row6, row7}, {column0, column1}, {sum8, sum9, sum10, sum11}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum12, sum13, sum14, sum15}, {row4, row5, row6, row7}, {column2, column3}, {sum12, sum13, sum14, sum15}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum16, sum17, sum18, sum19}, {row8, row9, row10, row11}, {column0, column1}, {sum16, sum17, sum18, sum19}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum20, sum21, sum22, sum23}, {row8, row9, row10, row11}, {column2, column3}, {sum20, sum21, sum22, sum23}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum24, sum25, sum26, sum27}, {row12, row13, row14, row15}, {column0, column1}, {sum24, sum25, sum26, sum27}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum28, sum29, sum30, sum31}, {row12, row13, row14, row15}, {column2, column3}, {sum28, sum29, sum30, sum31};";

    /// <summary>Adds products of words of two brain floating-point numbers.</summary>
    public const string BrainFloat16Wide =
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {sum0, sum1, sum2, sum3}, {row0, row1, row2, row3}, {column0, column1}, {sum0, sum1, sum2, sum3}; "
        + "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {sum4, sum5, sum6, sum7}, {row0, row1, row2, row3}, {column2, column3}, {sum4, sum5, sum6, sum7}; "
        + "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {sum8, sum9, sum10, sum11}, {row0, row1, row2, row3}, {column4, column5}, {sum8, sum9, sum10, sum11}; "
        + "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {sum12, sum13, sum14, sum15}, {row0, row1, row2, row3}, {column6, column7}, {sum12, sum13, sum14, sum15}; "
        + "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {sum16, sum17, sum18, sum19}, {row4, row5, row6, row7}, {column0, column1}, {sum16, sum17, sum18, sum19}; "
        + "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {sum20, sum21, sum22, sum23}, {row4, row5, row6, row7}, {column2, column3}, {sum20, sum21, sum22, sum23}; "
        + "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {sum24, sum25, sum26, sum27}, {row4, row5, row6, row7}, {column4, column5}, {sum24, sum25, sum26, sum27}; "
        + "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {sum28, sum29, sum30, sum31}, {row4, row5, row6, row7}, {column6, column7}, {sum28, sum29, sum30, sum31};";

    /// <summary>Adds products of words of two brain floating-point numbers.</summary>
    public const string BrainFloat16Narrow =
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {sum0, sum1, sum2, sum3}, {row0, row1, row2, row3}, {column0, column1}, {sum0, sum1, sum2, sum3}; "
        + "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {sum4, sum5, sum6, sum7}, {row0, row1, row2, row3}, {column2, column3}, {sum4, sum5, sum6, sum7}; "
        + "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {sum8, sum9, sum10, sum11}, {row4, row5, row6, row7}, {column0, column1}, {sum8, sum9, sum10, sum11}; "
        + "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {sum12, sum13, sum14, sum15}, {row4, row5, row6, row7}, {column2, column3}, {sum12, sum13, sum14, sum15}; "
        + "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {sum16, sum17, sum18, sum19}, {row8, row9, row10, row11}, {column0, column1}, {sum16, sum17, sum18, sum19}; "
        + "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {sum20, sum21, sum22, sum23}, {row8, row9, row10, row11}, {column2, column3}, {sum20, sum21, sum22, sum23}; "
        + "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {sum24, sum25, sum26, sum27}, {row12, row13, row14, row15}, {column0, column1}, {sum24, sum25, sum26, sum27}; "
        + "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {sum28, sum29, sum30, sum31}, {row12, row13, row14, row15}, {column2, column3}, {sum28, sum29, sum30, sum31};";

    /// <summary>Adds products of single-precision words nearly as they are, see <see cref="SingleOperand"/>.</summary>
    public const string SingleWide =
        "and.b32 upper, row0, 0xffffe000; sub.f32 rowRest0, row0, upper; add.u32 rowRest0, rowRest0, 0x1000; "
        + "and.b32 upper, row1, 0xffffe000; sub.f32 rowRest1, row1, upper; add.u32 rowRest1, rowRest1, 0x1000; "
        + "and.b32 upper, row2, 0xffffe000; sub.f32 rowRest2, row2, upper; add.u32 rowRest2, rowRest2, 0x1000; "
        + "and.b32 upper, row3, 0xffffe000; sub.f32 rowRest3, row3, upper; add.u32 rowRest3, rowRest3, 0x1000; "
        + "and.b32 upper, row4, 0xffffe000; sub.f32 rowRest4, row4, upper; add.u32 rowRest4, rowRest4, 0x1000; "
        + "and.b32 upper, row5, 0xffffe000; sub.f32 rowRest5, row5, upper; add.u32 rowRest5, rowRest5, 0x1000; "
        + "and.b32 upper, row6, 0xffffe000; sub.f32 rowRest6, row6, upper; add.u32 rowRest6, rowRest6, 0x1000; "
        + "and.b32 upper, row7, 0xffffe000; sub.f32 rowRest7, row7, upper; add.u32 rowRest7, rowRest7, 0x1000; "
        + "and.b32 upper, column0, 0xffffe000; sub.f32 columnRest0, column0, upper; add.u32 columnRest0, columnRest0, 0x1000; "
        + "and.b32 upper, column1, 0xffffe000; sub.f32 columnRest1, column1, upper; add.u32 columnRest1, columnRest1, 0x1000; "
        + "and.b32 upper, column2, 0xffffe000; sub.f32 columnRest2, column2, upper; add.u32 columnRest2, columnRest2, 0x1000; "
        + "and.b32 upper, column3, 0xffffe000; sub.f32 columnRest3, column3, upper; add.u32 columnRest3, columnRest3, 0x1000; "
        + "and.b32 upper, column4, 0xffffe000; sub.f32 columnRest4, column4, upper; add.u32 columnRest4, columnRest4, 0x1000; "
        + "and.b32 upper, column5, 0xffffe000; sub.f32 columnRest5, column5, upper; add.u32 columnRest5, columnRest5, 0x1000; "
        + "and.b32 upper, column6, 0xffffe000; sub.f32 columnRest6, column6, upper; add.u32 columnRest6, columnRest6, 0x1000; "
        + "and.b32 upper, column7, 0xffffe000; sub.f32 columnRest7, column7, upper; add.u32 columnRest7, columnRest7, 0x1000; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {rowRest0, rowRest1, rowRest2, rowRest3}, {column0, column1}, {zero, zero, zero, zero}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row0, row1, row2, row3}, {columnRest0, columnRest1}, {part0, part1, part2, part3}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row0, row1, row2, row3}, {column0, column1}, {part0, part1, part2, part3}; "
        + "add.f32 sum0, sum0, part0; add.f32 sum1, sum1, part1; add.f32 sum2, sum2, part2; add.f32 sum3, sum3, part3; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {rowRest0, rowRest1, rowRest2, rowRest3}, {column2, column3}, {zero, zero, zero, zero}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row0, row1, row2, row3}, {columnRest2, columnRest3}, {part0, part1, part2, part3}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row0, row1, row2, row3}, {column2, column3}, {part0, part1, part2, part3}; "
        + "add.f32 sum4, sum4, part0; add.f32 sum5, sum5, part1; add.f32 sum6, sum6, part2; add.f32 sum7, sum7, part3; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {rowRest0, rowRest1, rowRest2, rowRest3}, {column4, column5}, {zero, zero, zero, zero}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row0, row1, row2, row3}, {columnRest4, columnRest5}, {part0, part1, part2, part3}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row0, row1, row2, row3}, {column4, column5}, {part0, part1, part2, part3}; "
        + "add.f32 sum8, sum8, part0; add.f32 sum9, sum9, part1; add.f32 sum10, sum10, part2; add.f32 sum11, sum11, part3; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {rowRest0, rowRest1, rowRest2, rowRest3}, {column6, column7}, {zero, zero, zero, zero}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row0, row1, row2, row3}, {columnRest6, columnRest7}, {part0, part1, part2, part3}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row0, row1, row2, row3}, {column6, column7}, {part0, part1, part2, part3}; "
        + "add.f32 sum12, sum12, part0; add.f32 sum13, sum13, part1; add.f32 sum14, sum14, part2; add.f32 sum15, sum15, part3; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {rowRest4, rowRest5, rowRest6, rowRest7}, {column0, column1}, {zero, zero, zero, zero}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row4, row5, row6, row7}, {columnRest0, columnRest1}, {part0, part1, part2, part3}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row4, row5, row6, row7}, {column0, column1}, {part0, part1, part2, part3}; "
        + "add.f32 sum16, sum16, part0; add.f32 sum17, sum17, part1; add.f32 sum18, sum18, part2; add.f32 sum19, sum19, part3; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {rowRest4, rowRest5, rowRest6, rowRest7}, {column2, column3}, {zero, zero, zero, zero}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row4, row5, row6, row7}, {columnRest2, columnRest3}, {part0, part1, part2, part3}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row4, row5, row6, row7}, {column2, column3}, {part0, part1, part2, part3}; "
        + "add.f32 sum20, sum20, part0; add.f32 sum21, sum21, part1; add.f32 sum22, sum22, part2; add.f32 sum23, sum23, part3; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {rowRest4, rowRest5, rowRest6, rowRest7}, {column4, column5}, {zero, zero, zero, zero}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row4, row5, row6, row7}, {columnRest4, columnRest5}, {part0, part1, part2, part3}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row4, row5, row6, row7}, {column4, column5}, {part0, part1, part2, part3}; "
        + "add.f32 sum24, sum24, part0; add.f32 sum25, sum25, part1; add.f32 sum26, sum26, part2; add.f32 sum27, sum27, part3; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {rowRest4, rowRest5, rowRest6, rowRest7}, {column6, column7}, {zero, zero, zero, zero}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row4, row5, row6, row7}, {columnRest6, columnRest7}, {part0, part1, part2, part3}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row4, row5, row6, row7}, {column6, column7}, {part0, part1, part2, part3}; "
        + "add.f32 sum28, sum28, part0; add.f32 sum29, sum29, part1; add.f32 sum30, sum30, part2; add.f32 sum31, sum31, part3;";

    /// <summary>Adds products of single-precision words nearly as they are, see <see cref="SingleOperand"/>.</summary>
    public const string SingleNarrow =
        "and.b32 upper, row0, 0xffffe000; sub.f32 rowRest0, row0, upper; add.u32 rowRest0, rowRest0, 0x1000; "
        + "and.b32 upper, row1, 0xffffe000; sub.f32 rowRest1, row1, upper; add.u32 rowRest1, rowRest1, 0x1000; "
        + "and.b32 upper, row2, 0xffffe000; sub.f32 rowRest2, row2, upper; add.u32 rowRest2, rowRest2, 0x1000; "
        + "and.b32 upper, row3, 0xffffe000; sub.f32 rowRest3, row3, upper; add.u32 rowRest3, rowRest3, 0x1000; "
        + "and.b32 upper, row4, 0xffffe000; sub.f32 rowRest4, row4, upper; add.u32 rowRest4, rowRest4, 0x1000; "
        + "and.b32 upper, row5, 0xffffe000; sub.f32 rowRest5, row5, upper; add.u32 rowRest5, rowRest5, 0x1000; "
        + "and.b32 upper, row6, 0xffffe000; sub.f32 rowRest6, row6, upper; add.u32 rowRest6, rowRest6, 0x1000; "
        + "and.b32 upper, row7, 0xffffe000; sub.f32 rowRest7, row7, upper; add.u32 rowRest7, rowRest7, 0x1000; "
        + "and.b32 upper, row8, 0xffffe000; sub.f32 rowRest8, row8, upper; add.u32 rowRest8, rowRest8, 0x1000; "
        + "and.b32 upper, row9, 0xffffe000; sub.f32 rowRest9, row9, upper; add.u32 rowRest9, rowRest9, 0x1000; "
        + "and.b32 upper, row10, 0xffffe000; sub.f32 rowRest10, row10, upper; add.u32 rowRest10, rowRest10, 0x1000; "
        + "and.b32 upper, row11, 0xffffe000; sub.f32 rowRest11, row11, upper; add.u32 rowRest11, rowRest11, 0x1000; "
        + "and.b32 upper, row12, 0xffffe000; sub.f32 rowRest12, row12, upper; add.u32 rowRest12, rowRest12, 0x1000; "
        + "and.b32 upper, row13, 0xffffe000; sub.f32 rowRest13, row13, upper; add.u32 rowRest13, rowRest13, 0x1000; "
        + "and.b32 upper, row14, 0xffffe000; sub.f32 rowRest14, row14, upper; add.u32 rowRest14, rowRest14, 0x1000; "
        + "and.b32 upper, row15, 0xffffe000; sub.f32 rowRest15, row15, upper; add.u32 rowRest15, rowRest15, 0x1000; "
        + "and.b32 upper, column0, 0xffffe000; sub.f32 columnRest0, column0, upper; add.u32 columnRest0, columnRest0, 0x1000; "
        + "and.b32 upper, column1, 0xffffe000; sub.f32 columnRest1, column1, upper; add.u32 columnRest1, columnRest1, 0x1000; "
        + "and.b32 upper, column2, 0xffffe000; sub.f32 columnRest2, column2, upper; add.u32 columnRest2, columnRest2, 0x1000; "
        + "and.b32 upper, column3, 0xffffe000; sub.f32 columnRest3, column3, upper; add.u32 columnRest3, columnRest3, 0x1000; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {rowRest0, rowRest1, rowRest2, rowRest3}, {column0, column1}, {zero, zero, zero, zero}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row0, row1, row2, row3}, {columnRest0, columnRest1}, {part0, part1, part2, part3}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row0, row1, row2, row3}, {column0, column1}, {part0, part1, part2, part3}; "
        + "add.f32 sum0, sum0, part0; add.f32 sum1, sum1, part1; add.f32 sum2, sum2, part2; add.f32 sum3, sum3, part3; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {rowRest0, rowRest1, rowRest2, rowRest3}, {column2, column3}, {zero, zero, zero, zero}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row0, row1, row2, row3}, {columnRest2, columnRest3}, {part0, part1, part2, part3}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row0, row1, row2, row3}, {column2, column3}, {part0, part1, part2, part3}; "
        + "add.f32 sum4, sum4, part0; add.f32 sum5, sum5, part1; add.f32 sum6, sum6, part2; add.f32 sum7, sum7, part3; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {rowRest4, rowRest5, rowRest6, rowRest7}, {column0, column1}, {zero, zero, zero, zero}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row4, row5, row6, row7}, {columnRest0, columnRest1}, {part0, part1, part2, part3}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row4, row5, row6, row7}, {column0, column1}, {part0, part1, part2, part3}; "
        + "add.f32 sum8, sum8, part0; add.f32 sum9, sum9, part1; add.f32 sum10, sum10, part2; add.f32 sum11, sum11, part3; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {rowRest4, rowRest5, rowRest6, rowRest7}, {column2, column3}, {zero, zero, zero, zero}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row4, row5, row6, row7}, {columnRest2, columnRest3}, {part0, part1, part2, part3}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row4, row5, row6, row7}, {column2, column3}, {part0, part1, part2, part3}; "
        + "add.f32 sum12, sum12, part0; add.f32 sum13, sum13, part1; add.f32 sum14, sum14, part2; add.f32 sum15, sum15, part3; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {rowRest8, rowRest9, rowRest10, rowRest11}, {column0, column1}, {zero, zero, zero, zero}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row8, row9, row10, row11}, {columnRest0, columnRest1}, {part0, part1, part2, part3}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row8, row9, row10, row11}, {column0, column1}, {part0, part1, part2, part3}; "
        + "add.f32 sum16, sum16, part0; add.f32 sum17, sum17, part1; add.f32 sum18, sum18, part2; add.f32 sum19, sum19, part3; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {rowRest8, rowRest9, rowRest10, rowRest11}, {column2, column3}, {zero, zero, zero, zero}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row8, row9, row10, row11}, {columnRest2, columnRest3}, {part0, part1, part2, part3}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row8, row9, row10, row11}, {column2, column3}, {part0, part1, part2, part3}; "
        + "add.f32 sum20, sum20, part0; add.f32 sum21, sum21, part1; add.f32 sum22, sum22, part2; add.f32 sum23, sum23, part3; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {rowRest12, rowRest13, rowRest14, rowRest15}, {column0, column1}, {zero, zero, zero, zero}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row12, row13, row14, row15}, {columnRest0, columnRest1}, {part0, part1, part2, part3}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row12, row13, row14, row15}, {column0, column1}, {part0, part1, part2, part3}; "
        + "add.f32 sum24, sum24, part0; add.f32 sum25, sum25, part1; add.f32 sum26, sum26, part2; add.f32 sum27, sum27, part3; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {rowRest12, rowRest13, rowRest14, rowRest15}, {column2, column3}, {zero, zero, zero, zero}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row12, row13, row14, row15}, {columnRest2, columnRest3}, {part0, part1, part2, part3}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row12, row13, row14, row15}, {column2, column3}, {part0, part1, part2, part3}; "
        + "add.f32 sum28, sum28, part0; add.f32 sum29, sum29, part1; add.f32 sum30, sum30, part2; add.f32 sum31, sum31, part3;";

    /// <summary>Stores the sums: places of row g of the first fragment, and of rows 8, 16 and 24 behind it.</summary>
    public const string StoreWide =
        "add.u32 at0, shared, %0; add.u32 at1, shared, %1; add.u32 at2, shared, %2; add.u32 at3, shared, %3; "
        + "st.shared.v2.f32 [at0+0], {sum0, sum1}; st.shared.v2.f32 [at1+0], {sum2, sum3}; "
        + "st.shared.v2.f32 [at0+32], {sum4, sum5}; st.shared.v2.f32 [at1+32], {sum6, sum7}; "
        + "st.shared.v2.f32 [at0+64], {sum8, sum9}; st.shared.v2.f32 [at1+64], {sum10, sum11}; "
        + "st.shared.v2.f32 [at0+96], {sum12, sum13}; st.shared.v2.f32 [at1+96], {sum14, sum15}; "
        + "st.shared.v2.f32 [at2+0], {sum16, sum17}; st.shared.v2.f32 [at3+0], {sum18, sum19}; "
        + "st.shared.v2.f32 [at2+32], {sum20, sum21}; st.shared.v2.f32 [at3+32], {sum22, sum23}; "
        + "st.shared.v2.f32 [at2+64], {sum24, sum25}; st.shared.v2.f32 [at3+64], {sum26, sum27}; "
        + "st.shared.v2.f32 [at2+96], {sum28, sum29}; st.shared.v2.f32 [at3+96], {sum30, sum31};";

    /// <summary>Stores the sums: place of row g of the first fragment, and the bytes of eight rows.</summary>
    public const string StoreNarrow =
        "add.u32 at0, shared, %0; st.shared.v2.f32 [at0+0], {sum0, sum1}; st.shared.v2.f32 [at0+32], {sum4, sum5}; "
        + "add.u32 at0, at0, %1; st.shared.v2.f32 [at0+0], {sum2, sum3}; st.shared.v2.f32 [at0+32], {sum6, sum7}; "
        + "add.u32 at0, at0, %1; st.shared.v2.f32 [at0+0], {sum8, sum9}; st.shared.v2.f32 [at0+32], {sum12, sum13}; "
        + "add.u32 at0, at0, %1; st.shared.v2.f32 [at0+0], {sum10, sum11}; st.shared.v2.f32 [at0+32], {sum14, sum15}; "
        + "add.u32 at0, at0, %1; st.shared.v2.f32 [at0+0], {sum16, sum17}; st.shared.v2.f32 [at0+32], {sum20, sum21}; "
        + "add.u32 at0, at0, %1; st.shared.v2.f32 [at0+0], {sum18, sum19}; st.shared.v2.f32 [at0+32], {sum22, sum23}; "
        + "add.u32 at0, at0, %1; st.shared.v2.f32 [at0+0], {sum24, sum25}; st.shared.v2.f32 [at0+32], {sum28, sum29}; "
        + "add.u32 at0, at0, %1; st.shared.v2.f32 [at0+0], {sum26, sum27}; st.shared.v2.f32 [at0+32], {sum30, sum31};";
}
