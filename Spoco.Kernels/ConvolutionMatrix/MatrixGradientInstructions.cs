namespace Spoco.Kernels.Primitives;

/// <summary>The instructions of <see cref="WarpGradientTile"/> on its registers. Wide: four fragments side by side; narrow: two.</summary>
internal static class MatrixGradientInstructions
{
    /// <summary>Loads rows at three positions of the window, and columns: place of the rows' first voxel, place of the columns'.</summary>
    public const string LoadWide =
        "add.u32 at0, shared, %0; add.u32 at1, shared, %1; ld.shared.v2.b32 {row0, row1}, [at0+0]; "
        + "ld.shared.v2.b32 {row2, row3}, [at0+128]; ld.shared.v2.b32 {row4, row5}, [at0+32]; "
        + "ld.shared.v2.b32 {row6, row7}, [at0+160]; ld.shared.v2.b32 {row8, row9}, [at0+64]; "
        + "ld.shared.v2.b32 {row10, row11}, [at0+192]; ld.shared.b32 column0, [at1+0]; ld.shared.b32 column1, [at1+128]; "
        + "ld.shared.b32 column2, [at1+2080]; ld.shared.b32 column3, [at1+2208]; ld.shared.b32 column4, [at1+4160]; "
        + "ld.shared.b32 column5, [at1+4288]; ld.shared.b32 column6, [at1+6240]; ld.shared.b32 column7, [at1+6368];";

    /// <summary>Loads rows at three positions of the window, and columns: place of the rows' first voxel, place of the columns'.</summary>
    public const string LoadNarrow =
        "add.u32 at0, shared, %0; add.u32 at1, shared, %1; ld.shared.v2.b32 {row0, row1}, [at0+0]; "
        + "ld.shared.v2.b32 {row2, row3}, [at0+128]; ld.shared.v2.b32 {row4, row5}, [at0+32]; "
        + "ld.shared.v2.b32 {row6, row7}, [at0+160]; ld.shared.v2.b32 {row8, row9}, [at0+64]; "
        + "ld.shared.v2.b32 {row10, row11}, [at0+192]; ld.shared.b32 column0, [at1+0]; ld.shared.b32 column1, [at1+128]; "
        + "ld.shared.b32 column2, [at1+2080]; ld.shared.b32 column3, [at1+2208];";

    /// <summary>Adds products of single-precision words, of which the upper 19 bits count.</summary>
    public const string TensorFloat32Wide =
        "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum0, sum1, sum2, sum3}, {row0, row1, row2, row3}, {column0, column1}, {sum0, sum1, sum2, sum3}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum4, sum5, sum6, sum7}, {row0, row1, row2, row3}, {column2, column3}, {sum4, sum5, sum6, sum7}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum8, sum9, sum10, sum11}, {row0, row1, row2, row3}, {column4, column5}, {sum8, sum9, sum10, sum11}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum12, sum13, sum14, sum15}, {row0, row1, row2, row3}, {column6, column7}, {sum12, sum13, sum14, sum15}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum16, sum17, sum18, sum19}, {row4, row5, row6, row7}, {column0, column1}, {sum16, sum17, sum18, sum19}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum20, sum21, sum22, sum23}, {row4, row5, row6, row7}, {column2, column3}, {sum20, sum21, sum22, sum23}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum24, sum25, sum26, sum27}, {row4, row5, row6, row7}, {column4, column5}, {sum24, sum25, sum26, sum27}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum28, sum29, sum30, sum31}, {row4, row5, row6, row7}, {column6, column7}, {sum28, sum29, sum30, sum31}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum32, sum33, sum34, sum35}, {row8, row9, row10, row11}, {column0, column1}, {sum32, sum33, sum34, sum35}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum36, sum37, sum38, sum39}, {row8, row9, row10, row11}, {column2, column3}, {sum36, sum37, sum38, sum39}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum40, sum41, sum42, sum43}, {row8, row9, row10, row11}, {column4, column5}, {sum40, sum41, sum42, sum43}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum44, sum45, sum46, sum47}, {row8, row9, row10, row11}, {column6, column7}, {sum44, sum45, sum46, sum47};";

    /// <summary>Adds products of single-precision words, of which the upper 19 bits count.</summary>
    public const string TensorFloat32Narrow =
        "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum0, sum1, sum2, sum3}, {row0, row1, row2, row3}, {column0, column1}, {sum0, sum1, sum2, sum3}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum4, sum5, sum6, sum7}, {row0, row1, row2, row3}, {column2, column3}, {sum4, sum5, sum6, sum7}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum8, sum9, sum10, sum11}, {row4, row5, row6, row7}, {column0, column1}, {sum8, sum9, sum10, sum11}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum12, sum13, sum14, sum15}, {row4, row5, row6, row7}, {column2, column3}, {sum12, sum13, sum14, sum15}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum16, sum17, sum18, sum19}, {row8, row9, row10, row11}, {column0, column1}, {sum16, sum17, sum18, sum19}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {sum20, sum21, sum22, sum23}, {row8, row9, row10, row11}, {column2, column3}, {sum20, sum21, sum22, sum23};";

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
        + "and.b32 upper, row8, 0xffffe000; sub.f32 rowRest8, row8, upper; add.u32 rowRest8, rowRest8, 0x1000; "
        + "and.b32 upper, row9, 0xffffe000; sub.f32 rowRest9, row9, upper; add.u32 rowRest9, rowRest9, 0x1000; "
        + "and.b32 upper, row10, 0xffffe000; sub.f32 rowRest10, row10, upper; add.u32 rowRest10, rowRest10, 0x1000; "
        + "and.b32 upper, row11, 0xffffe000; sub.f32 rowRest11, row11, upper; add.u32 rowRest11, rowRest11, 0x1000; "
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
        + "add.f32 sum28, sum28, part0; add.f32 sum29, sum29, part1; add.f32 sum30, sum30, part2; add.f32 sum31, sum31, part3; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {rowRest8, rowRest9, rowRest10, rowRest11}, {column0, column1}, {zero, zero, zero, zero}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row8, row9, row10, row11}, {columnRest0, columnRest1}, {part0, part1, part2, part3}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row8, row9, row10, row11}, {column0, column1}, {part0, part1, part2, part3}; "
        + "add.f32 sum32, sum32, part0; add.f32 sum33, sum33, part1; add.f32 sum34, sum34, part2; add.f32 sum35, sum35, part3; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {rowRest8, rowRest9, rowRest10, rowRest11}, {column2, column3}, {zero, zero, zero, zero}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row8, row9, row10, row11}, {columnRest2, columnRest3}, {part0, part1, part2, part3}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row8, row9, row10, row11}, {column2, column3}, {part0, part1, part2, part3}; "
        + "add.f32 sum36, sum36, part0; add.f32 sum37, sum37, part1; add.f32 sum38, sum38, part2; add.f32 sum39, sum39, part3; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {rowRest8, rowRest9, rowRest10, rowRest11}, {column4, column5}, {zero, zero, zero, zero}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row8, row9, row10, row11}, {columnRest4, columnRest5}, {part0, part1, part2, part3}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row8, row9, row10, row11}, {column4, column5}, {part0, part1, part2, part3}; "
        + "add.f32 sum40, sum40, part0; add.f32 sum41, sum41, part1; add.f32 sum42, sum42, part2; add.f32 sum43, sum43, part3; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {rowRest8, rowRest9, rowRest10, rowRest11}, {column6, column7}, {zero, zero, zero, zero}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row8, row9, row10, row11}, {columnRest6, columnRest7}, {part0, part1, part2, part3}; "
        + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {part0, part1, part2, part3}, {row8, row9, row10, row11}, {column6, column7}, {part0, part1, part2, part3}; "
        + "add.f32 sum44, sum44, part0; add.f32 sum45, sum45, part1; add.f32 sum46, sum46, part2; add.f32 sum47, sum47, part3;";

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
        + "add.f32 sum20, sum20, part0; add.f32 sum21, sum21, part1; add.f32 sum22, sum22, part2; add.f32 sum23, sum23, part3;";

    /// <summary>Stores the sums: address of the first one, bytes from a position of the window to the next, bytes from a channel to the next.</summary>
    public const string StoreWide =
        "{ .reg .u64 to; .reg .u64 below; .reg .u64 tap; .reg .u64 row; cvta.to.global.u64 to, %0; cvt.s64.s32 tap, %1; cvt.s64.s32 row, %2; "
        + "add.u64 below, to, row; st.global.v2.f32 [to+0], {sum0, sum1}; st.global.v2.f32 [below+0], {sum2, sum3}; "
        + "st.global.v2.f32 [to+32], {sum4, sum5}; st.global.v2.f32 [below+32], {sum6, sum7}; "
        + "st.global.v2.f32 [to+64], {sum8, sum9}; st.global.v2.f32 [below+64], {sum10, sum11}; "
        + "st.global.v2.f32 [to+96], {sum12, sum13}; st.global.v2.f32 [below+96], {sum14, sum15}; add.u64 to, to, tap; "
        + "add.u64 below, to, row; st.global.v2.f32 [to+0], {sum16, sum17}; st.global.v2.f32 [below+0], {sum18, sum19}; "
        + "st.global.v2.f32 [to+32], {sum20, sum21}; st.global.v2.f32 [below+32], {sum22, sum23}; "
        + "st.global.v2.f32 [to+64], {sum24, sum25}; st.global.v2.f32 [below+64], {sum26, sum27}; "
        + "st.global.v2.f32 [to+96], {sum28, sum29}; st.global.v2.f32 [below+96], {sum30, sum31}; add.u64 to, to, tap; "
        + "add.u64 below, to, row; st.global.v2.f32 [to+0], {sum32, sum33}; st.global.v2.f32 [below+0], {sum34, sum35}; "
        + "st.global.v2.f32 [to+32], {sum36, sum37}; st.global.v2.f32 [below+32], {sum38, sum39}; "
        + "st.global.v2.f32 [to+64], {sum40, sum41}; st.global.v2.f32 [below+64], {sum42, sum43}; "
        + "st.global.v2.f32 [to+96], {sum44, sum45}; st.global.v2.f32 [below+96], {sum46, sum47}; }";

    /// <summary>Stores the sums: address of the first one, bytes from a position of the window to the next, bytes from a channel to the next.</summary>
    public const string StoreNarrow =
        "{ .reg .u64 to; .reg .u64 below; .reg .u64 tap; .reg .u64 row; cvta.to.global.u64 to, %0; cvt.s64.s32 tap, %1; cvt.s64.s32 row, %2; "
        + "add.u64 below, to, row; st.global.v2.f32 [to+0], {sum0, sum1}; st.global.v2.f32 [below+0], {sum2, sum3}; "
        + "st.global.v2.f32 [to+32], {sum4, sum5}; st.global.v2.f32 [below+32], {sum6, sum7}; add.u64 to, to, tap; "
        + "add.u64 below, to, row; st.global.v2.f32 [to+0], {sum8, sum9}; st.global.v2.f32 [below+0], {sum10, sum11}; "
        + "st.global.v2.f32 [to+32], {sum12, sum13}; st.global.v2.f32 [below+32], {sum14, sum15}; add.u64 to, to, tap; "
        + "add.u64 below, to, row; st.global.v2.f32 [to+0], {sum16, sum17}; st.global.v2.f32 [below+0], {sum18, sum19}; "
        + "st.global.v2.f32 [to+32], {sum20, sum21}; st.global.v2.f32 [below+32], {sum22, sum23}; }";
}
