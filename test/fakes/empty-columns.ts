/** Of a series without a row. */
export const emptyColumns = {
  temperature: [],
  humidity: [],
  winddirection: [],
  windintensity: [],
  windgust: [],
  rainheight: [],
  pressure: [],
};
